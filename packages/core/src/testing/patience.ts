import type { Decision } from "../model/decision.ts";
import type { Why } from "../model/why.ts";

const longestLookMs = 60_000;
/** Most times in a row that a wait for the same reason is slept twice as long. */
const mostDoublings = 5;

/** How long a simulated controller sleeps while nothing is announced. */
export class Patience {
  readonly #tardy: boolean;
  #doublings = 0;
  #last: Why["kind"] | null = null;

  /** `tardy`: it looks later and later. */
  constructor(tardy: boolean) {
    this.#tardy = tardy;
  }

  /** For how long nothing is to be done after a decision; null: the next turn follows at once. */
  restMs(decision: Decision, now: number): number | null {
    const same = this.#last === decision.why.kind;
    this.#last = decision.why.kind;
    if (decision.kind === "steady") return longestLookMs;
    if (decision.kind !== "wait") {
      this.#doublings = 0;
      return null;
    }
    this.#doublings = same && this.#tardy ? Math.min(mostDoublings, this.#doublings + 1) : 0;
    return (decision.lookAgain - now) * 2 ** this.#doublings;
  }
}
