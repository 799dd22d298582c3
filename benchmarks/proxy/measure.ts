import { seededRandom } from "@hitless/load";
import type { Contender } from "./contender.ts";
import { foreignBound, quiet, type Rig, type Sample, sample } from "./sample.ts";
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
  readonly tell: (line: string) => void;
}

/** Before the first round each contender is loaded for so long with each shape, s: it has to be compiled. */
const warmUpSeconds = 2;
/** So many samples in a row may be spoilt by other processes. */
const attempts = 10;

/**
 * Loads one contender after the other, all of them alive, in another random order each round, so
 * that whatever else happens to the machine happens to all of them. Throws when a request failed.
 */
export async function measure(
  rig: Rig,
  { shapes, rounds, seconds, tell }: Course,
): Promise<{ readonly measured: readonly Measured[]; readonly discarded: number }> {
  const pairs = shapes.flatMap((shape) =>
    rig.contenders.filter((each) => takes(each, shape)).map((contender) => ({ contender, shape })),
  );
  const samples = new Map(pairs.map((pair) => [pair, [] as Sample[]]));
  const random = seededRandom(Date.now());
  let discarded = 0;
  for (const pair of pairs) await sample(rig, { ...pair, seconds: warmUpSeconds });
  for (let round = 1; round <= rounds; round += 1) {
    for (const pair of shuffled(pairs, random)) {
      const taken = await counted(rig, { ...pair, seconds });
      discarded += taken.discarded;
      samples.get(pair)?.push(taken.sample);
    }
    tell(`round ${round} of ${rounds}: ${pairs.length} samples, ${discarded} discarded so far`);
  }
  const measured = pairs.map((pair) => ({
    contender: pair.contender.name,
    shape: pair.shape.name,
    samples: samples.get(pair) ?? [],
  }));
  return { measured, discarded };
}

function takes({ only }: Contender, { name }: Shape): boolean {
  return only === undefined || only.includes(name);
}

/** A sample during which nobody else used the machine. */
async function counted(rig: Rig, of: Parameters<typeof sample>[1]) {
  for (let discarded = 0; discarded < attempts; discarded += 1) {
    await quiet(rig);
    const taken = await sample(rig, of);
    if (taken.foreignCores <= foreignBound) return { sample: taken, discarded };
  }
  throw new Error(`other processes have spoilt ${attempts} samples in a row`);
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
