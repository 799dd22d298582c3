import type { Reason } from "../http/reasons.ts";
import type { Replica } from "./replica.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { failureReason, type UpstreamFailure } from "./upstream-connection.ts";

/** A request is sent so many times more, at most, after the first. */
const maxRetries = 2;

/** What the request allows. */
interface Repeatable {
  readonly head: { readonly idempotent: boolean };
  /** `whole`: all that came of it is there to be sent again. */
  readonly body: { readonly whole: boolean };
  readonly budget: RetryBudget;
}

/**
 * The attempts at one request that failed. Where nothing was sent it may go on to another replica,
 * whatever the method; where a replica has it and closed without a byte of answer, only an idempotent one
 * may, twice, and out of the budget. Never once a byte of the answer came.
 */
export class Attempts {
  /** Chosen again only when there is no other. */
  tried: readonly Replica[] = [];
  #last: UpstreamFailure = "connect";
  #refused = 0;
  #broken = 0;

  /** Why it is given up when nothing else can be done. */
  get reason(): Reason {
    if (this.#last === "connect" && this.#broken > 0) return "upstream-closed";
    return failureReason[this.#last];
  }

  /** Notes an attempt that failed; whether there may be another. */
  mayFollow(failure: UpstreamFailure, replica: Replica, request: Repeatable): boolean {
    this.#last = failure;
    this.tried = [...this.tried, replica];
    if (failure === "connect") {
      this.#refused += 1;
      return request.body.whole;
    }
    if (failure !== "unanswered") return false;
    this.#broken += 1;
    if (!request.head.idempotent || !request.body.whole || this.#broken > maxRetries) return false;
    return request.budget.take(performance.now());
  }

  /** Whether that one, chosen next, is better waited for than asked at once; null: there is none. */
  isWorthWaiting(next: Replica | null, now: number): boolean {
    if (next === null) return true;
    if (!this.tried.includes(next)) return false;
    // A kept connection may break because it was kept for too long: that says nothing of the replica.
    return next.isSuspect(now) || this.#broken > 1;
  }

  /** Where nobody may wait: whether it may be asked at once, all the same. */
  mayAsk(next: Replica): boolean {
    return !this.tried.includes(next) || this.#refused + this.#broken <= maxRetries;
  }

  /** It has waited: what was found out before counts no more. */
  waited(): void {
    this.tried = [];
  }
}
