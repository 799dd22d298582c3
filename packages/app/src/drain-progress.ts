import { type CutOff, countInFlight, cutOff, type Drained } from "./drain.ts";
import { identityOf } from "./identity.ts";
import { reasonOf } from "./reason-of.ts";
import {
  brief,
  type DrainReason,
  type DrainReceipt,
  type DrainSeconds,
  type HookReceipt,
  longestFirst,
} from "./receipt.ts";
import { inSeconds } from "./work.ts";

export interface Why {
  readonly reason: DrainReason;
  /** What crashed the process. */
  readonly error?: unknown;
}

const nothingCut: CutOff = { hung: [], streams: 0 };

/** Notes how far a drain is. A receipt can be made of it at any time. */
export class DrainProgress {
  readonly #why: Why;
  readonly #drained: Drained;
  readonly #startedAt = new Date();
  readonly #began = performance.now();
  #delayOver: number | null = null;
  #requestsOver: number | null = null;
  #cutOff: CutOff = nothingCut;
  readonly #hooks: HookReceipt[] = [];
  #abandoned = false;
  #error: unknown;
  readonly inFlight: number;

  constructor(why: Why, drained: Drained) {
    this.#why = why;
    this.#error = why.error;
    this.#drained = drained;
    this.inFlight = countInFlight(drained);
  }

  delayOver(): void {
    this.#delayOver = performance.now();
  }

  requestsOver(cutOff: CutOff): void {
    this.#requestsOver = performance.now();
    this.#cutOff = cutOff;
  }

  crashed(error: unknown): void {
    this.#error ??= error;
  }

  hookOver(receipt: HookReceipt): void {
    this.#hooks.push(receipt);
  }

  /** Nothing more is waited for; `hooks` are all there would have been. */
  abandon(hooks: readonly string[]): void {
    this.#abandoned = true;
    if (this.#requestsOver === null) this.requestsOver(cutOff(this.#drained));
    for (const name of hooks.slice(this.#hooks.length)) {
      this.#hooks.push({ name, outcome: "skipped", seconds: 0 });
    }
  }

  receipt(): DrainReceipt {
    const { requests, work, streams } = this.#drained;
    const { hung, streams: streamsCut } = this.#cutOff;
    const isClean =
      !this.#abandoned &&
      hung.length + streamsCut === 0 &&
      this.#why.reason !== "crash" &&
      this.#error === undefined &&
      this.#hooks.every(({ outcome }) => outcome === "done");
    return {
      kind: "drain-receipt",
      schema: 1,
      ...identityOf(),
      pid: process.pid,
      reason: this.#why.reason,
      error: this.#error === undefined ? null : brief(reasonOf(this.#error)),
      startedAt: this.#startedAt.toISOString(),
      inFlight: this.inFlight,
      served: requests.served,
      finished: requests.finished + work.finished,
      cut: hung.length,
      streams: { ended: streams.ended, cut: streamsCut },
      lastConnectionSeconds: this.#lastConnection(),
      seconds: this.#seconds(),
      hung: longestFirst(hung),
      hooks: this.#hooks,
      exitCode: isClean ? 0 : 1,
    };
  }

  /** A phase that is under way lasts until now. */
  #seconds(): DrainSeconds {
    const now = performance.now();
    const delayOver = this.#delayOver ?? now;
    const requestsOver = this.#requestsOver ?? now;
    return {
      delay: inSeconds(delayOver - this.#began),
      requests: inSeconds(Math.max(0, requestsOver - delayOver)),
      hooks: inSeconds(now - requestsOver),
      total: inSeconds(now - this.#began),
    };
  }

  #lastConnection(): number | null {
    const at = this.#drained.connections.lastUsefulAt;
    return at === null || at < this.#began ? null : inSeconds(at - this.#began);
  }
}
