import type { Kit } from "./kit.ts";
import type { Case } from "./suite.ts";

export interface Outcome {
  /** Undefined: it holds. */
  readonly error: unknown;
  readonly ms: number;
}

/** Most of a case is waiting. */
const atOnce = 36;

/** Begins them all, so many at a time; what is returned resolves for each as it ends, and never rejects. */
export function runCases(kit: Kit, cases: readonly Case[]): ReadonlyMap<Case, Promise<Outcome>> {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());
  return new Map(
    cases.map((each, place) => {
      const lane = place % atOnce;
      const outcome = (lanes[lane] ?? Promise.resolve()).then(() => outcomeOf(kit, each));
      lanes[lane] = outcome;
      return [each, outcome];
    }),
  );
}

async function outcomeOf(kit: Kit, each: Case): Promise<Outcome> {
  const began = performance.now();
  const error = await each.run(kit).then(
    () => undefined,
    (reason: unknown) => reason ?? new Error("it failed without a reason"),
  );
  return { error, ms: Math.round(performance.now() - began) };
}
