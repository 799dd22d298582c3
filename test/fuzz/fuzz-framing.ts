import { setImmediate as turn } from "node:timers/promises";
import { seededRandom } from "@hitless/load";
import { type FuzzCase, mutation, recut, shrink, tryCase } from "./fuzz-case.ts";
import { MemoryPlane } from "./memory-plane.ts";

/** What a run found. */
export interface FuzzReport {
  readonly tried: number;
  /** Cases of which something was passed on, and of which all was refused by both. */
  readonly passed: number;
  /** How often the proxy was stricter than llhttp, by class. */
  readonly stricter: Readonly<Record<string, number>>;
  /** The smallest case that fails, as text to print; null: none failed. */
  readonly failure: string | null;
  readonly seconds: number;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Numbers of the mutations, `from` to `to`, the latter not reached. */
  readonly from?: number;
  readonly to: number;
  readonly onProgress?: (tried: number) => void;
}

/** So often the event loop turns, for timers and whoever watches. */
const turnEvery = 500;
/** Every so many cases are cut in a second way, which must change nothing. */
const recutEvery = 8;

/** Mutates the corpus until a case fails or all are tried. */
export async function fuzzFraming(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, from = 0, to, onProgress } = options;
  const began = performance.now();
  const plane = new MemoryPlane();
  const stricter: Record<string, number> = {};
  let passed = 0;
  let number = from;
  let failure: string | null = null;
  for (; number < to && failure === null; number += 1) {
    const one = mutation(seed, number);
    const finding = tryCase(plane, one);
    if (finding.passed) passed += 1;
    const { stricter: name } = finding;
    if (name !== null) stricter[name] = (stricter[name] ?? 0) + 1;
    const again = number % recutEvery === 0 ? recut(one, seededRandom(number)) : null;
    if (finding.complaint !== null || (again !== null && differs(plane, one, again))) {
      failure = reproduction(plane, { seed, number, one, again });
    }
    if (number % turnEvery === 0) {
      onProgress?.(number - from);
      await turn();
    }
  }
  plane.close();
  const seconds = (performance.now() - began) / 1000;
  return { tried: number - from, passed, stricter, failure, seconds };
}

/** Why the case fails, or how differently it ends when it is cut in another way; null: it does not. */
function complaintOf(plane: MemoryPlane, one: FuzzCase, again: FuzzCase | null): string | null {
  const { complaint } = tryCase(plane, one);
  if (complaint !== null || again === null) return complaint;
  const other = tryCase(plane, again).complaint;
  if (other !== null) return `cut as ${JSON.stringify(again.pieces)}: ${other}`;
  return differs(plane, one, again)
    ? `ends otherwise when cut as ${JSON.stringify(again.pieces)}`
    : null;
}

function differs(plane: MemoryPlane, one: FuzzCase, again: FuzzCase): boolean {
  const other = tryCase(plane, again);
  return other.complaint !== null || other.digest !== tryCase(plane, one).digest;
}

interface Failed {
  readonly seed: number;
  readonly number: number;
  readonly one: FuzzCase;
  readonly again: FuzzCase | null;
}

/** The smallest case that still fails, and how to try it again. */
function reproduction(plane: MemoryPlane, { seed, number, one, again }: Failed): string {
  const bare = tryCase(plane, one).complaint === null ? again : null;
  const whole = (smaller: FuzzCase) =>
    bare === null ? null : { ...smaller, pieces: [smaller.pieces.join("")] };
  const smallest = shrink(one, (smaller) => complaintOf(plane, smaller, whole(smaller)) !== null);
  const complaint = complaintOf(plane, smallest, whole(smallest)) ?? complaintOf(plane, one, again);
  const { pieces, ...rest } = smallest;
  return `mutation ${number} of seed ${seed}: ${complaint}\n${JSON.stringify(rest)} ${JSON.stringify(pieces)}`;
}
