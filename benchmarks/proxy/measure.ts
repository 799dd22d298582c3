import { seededRandom } from "@hitless/load";
import { quiet, type Rig, type Sample, sample } from "./sample.ts";
import type { Shape, ShapeName } from "./shapes.ts";

/** All samples that count, of one contender at one shape. */
export interface Measured {
  readonly contender: string;
  readonly shape: ShapeName;
  readonly samples: readonly Sample[];
}

export interface Course {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
  /** Of one sample. */
  readonly seconds: number;
  /** A sample counts only when other processes used less meanwhile, in cores. */
  readonly foreign: number;
  readonly tell: (line: string) => void;
}

/** Before the first round each contender is loaded for so long with each shape, s: it has to be compiled. */
const warmUpSeconds = 2;
/** So many samples in a row may be spoilt by other processes; then this one is left out. */
const attempts = 4;

/**
 * Loads one contender after the other, all of them alive, in another random order each round, so
 * that whatever else happens to the machine happens to all of them. Throws when a request failed.
 */
export async function measure(
  rig: Rig,
  { shapes, rounds, seconds, foreign, tell }: Course,
): Promise<{ readonly measured: readonly Measured[]; readonly discarded: number }> {
  const pairs = shapes.flatMap((shape) =>
    rig.contenders
      .filter(({ only }) => only === undefined || only.includes(shape.name))
      .map((contender) => ({ contender, shape, samples: [] as Sample[] })),
  );
  const random = seededRandom(Date.now());
  let discarded = 0;
  for (const { contender, shape } of pairs) {
    await sample(rig, { contender, shape, seconds: warmUpSeconds });
  }
  for (let round = 1; round <= rounds; round += 1) {
    // Those that are compared with each other stand close together.
    for (const shape of shuffled(shapes, random)) {
      const ofShape = pairs.filter((pair) => pair.shape === shape);
      for (const { contender, samples } of shuffled(ofShape, random)) {
        const tries = await undisturbed(rig, { contender, shape, seconds }, foreign);
        discarded += tries.discarded;
        samples.push(...tries.samples);
      }
      tell(`round ${round} of ${rounds}: ${shape.what}; ${discarded} samples discarded so far`);
    }
  }
  for (const { contender, shape, samples } of pairs) {
    if (samples.length > 0) continue;
    tell(
      `${contender.name}, ${shape.name}: no sample counted, since others used more than ${foreign} cores. ` +
        "Run it again when the machine is quiet; --foreign 1 lets more count, and only CPU per request is comparable then.",
    );
  }
  const measured = pairs
    .filter(({ samples }) => samples.length > 0)
    .map(({ contender, shape, samples }) => ({
      contender: contender.name,
      shape: shape.name,
      samples,
    }));
  return { measured, discarded };
}

/** A sample during which others used less of the machine; none when that does not come. */
async function undisturbed(rig: Rig, of: Parameters<typeof sample>[1], foreign: number) {
  for (let discarded = 0; discarded < attempts; discarded += 1) {
    await quiet(rig, foreign);
    const taken = await sample(rig, of);
    if (taken.foreignCores <= foreign) return { samples: [taken], discarded };
  }
  return { samples: [], discarded: attempts };
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
