import type { TrafficTotals } from "@hitless/core";
import { type Reason, statusOf } from "../http/reasons.ts";

/** What became of the requests of one worker; plain numbers that only grow. */
export class TrafficCount {
  answered = 0;
  abandoned = 0;
  retried = 0;
  retriedAnswered = 0;
  readonly #byProxy = new Map<Reason, number>();
  readonly #cut = new Map<Reason, number>();

  /** The proxy itself answered. */
  countAnswer(reason: Reason): void {
    increment(this.#byProxy, reason);
  }

  /** An answer or a tunnel was broken off. */
  countCut(reason: Reason): void {
    if (isLoss(reason)) increment(this.#cut, reason);
    else this.abandoned += 1;
  }

  /** A request that was sent more than once is over. */
  countRetried(answered: boolean): void {
    this.retried += 1;
    if (answered) this.retriedAnswered += 1;
  }

  /** Whatever the proxy itself answered, losses and what it rejected, by reason. */
  byProxy(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byProxy);
  }

  totals(): TrafficTotals {
    const { answered, abandoned, retried, retriedAnswered } = this;
    const answers = [...this.#byProxy];
    const rejected = answers.filter(([reason]) => !isLoss(reason));
    return {
      answered,
      failed: Object.fromEntries(answers.filter(([reason]) => isLoss(reason))),
      cut: Object.fromEntries(this.#cut),
      rejected: rejected.reduce((sum, [, count]) => sum + count, 0),
      abandoned,
      retried,
      retriedAnswered,
      gaps: 0,
    };
  }
}

/** Whether a reason is a failure on our side: 502, 503, 504; the others are the client's doing. */
function isLoss(reason: Reason): boolean {
  const status = statusOf(reason);
  return status >= 502 && status <= 504;
}

function increment(counts: Map<Reason, number>, reason: Reason): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}
