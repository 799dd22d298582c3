import type { Logger } from "../log.ts";
import { reasonOf } from "../reason-of.ts";
import { withTimeout } from "../with-timeout.ts";
import type { Check, CheckView } from "./check.ts";

export type RunSettings = Required<{ [Key in keyof Check]: Exclude<Check[Key], undefined> }>;

/** Replicas that start together must not ask together for ever. */
const jitter = 0.1;
const slowestMs = 600_000;

/** One check, run again and again. */
export class RunningCheck {
  readonly #name: string;
  readonly #settings: RunSettings;
  readonly #logger: Logger | null;
  readonly #stop = new AbortController();
  #status: CheckView["status"] = "pending";
  #failures = 0;
  #passes = 0;
  #error: string | null = null;
  #at: number | null = null;
  /** Runs that have not ended since the last one that ended in time. */
  readonly #open = new Set<object>();
  /** Of the next run, while none is waited for. */
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, settings: RunSettings, logger: Logger | null) {
    this.#name = name;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** Behind the code that calls it, which may still be making what the check asks. */
  start(): void {
    this.#runIn(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("the service stops"));
  }

  view(): CheckView {
    return {
      name: this.#name,
      critical: this.#settings.critical,
      status: this.#status,
      ageMs: this.#at === null ? null : Math.round(performance.now() - this.#at),
      failures: this.#failures,
      error: this.#error,
    };
  }

  #runIn(ms: number): void {
    clearTimeout(this.#timer);
    // A check alone is no reason for the process to live on.
    this.#timer = setTimeout(() => void this.#round(), ms).unref();
  }

  async #round(): Promise<void> {
    this.#timer = undefined;
    const { timeoutMs } = this.#settings;
    const result = await withTimeout((signal) => this.#run(signal), timeoutMs, this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    this.#at = performance.now();
    if (result.outcome !== "timedOut") this.#open.clear();
    this.#runIn(this.#pauseMs());
    if (result.outcome === "done") this.#pass();
    else this.#fail(result.error);
  }

  /**
   * Each run that was left behind, but for the first, doubles the pause: whatever it holds, a connection or a thread, there
   * are a dozen of it after an hour and not a thousand. It never comes to a stop, for a run may be lost for ever.
   */
  #pauseMs(): number {
    const { intervalMs } = this.#settings;
    const slowed = intervalMs * 2 ** Math.max(0, this.#open.size - 1);
    return jittered(Math.min(slowed, Math.max(intervalMs, slowestMs)));
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#open.add(signal);
    try {
      if ((await this.#settings.run(signal)) === false) throw new Error("it returned false");
    } finally {
      if (this.#open.delete(signal)) this.#endedLate();
    }
  }

  /** What it waited for has come: time to ask again, at the usual pace. */
  #endedLate(): void {
    if (this.#timer === undefined || this.#at === null || this.#stop.signal.aborted) return;
    const due = this.#at + jittered(this.#settings.intervalMs);
    this.#runIn(Math.max(0, due - performance.now()));
  }

  #pass(): void {
    this.#passes += 1;
    this.#failures = 0;
    this.#error = null;
    const enough = this.#status === "pending" || this.#passes >= this.#settings.passAfter;
    if (enough) this.#become("passing");
  }

  #fail(error: unknown): void {
    this.#failures += 1;
    this.#passes = 0;
    const left = this.#open.size > 1 ? ` (${this.#open.size} runs of it have not ended)` : "";
    this.#error = reasonOf(error) + left;
    const enough = this.#status === "pending" || this.#failures >= this.#settings.failAfter;
    if (enough) this.#become("failing");
  }

  #become(status: "passing" | "failing"): void {
    const before = this.#status;
    this.#status = status;
    if (before === status) return;
    const fields = { check: this.#name, critical: this.#settings.critical };
    if (status === "failing") {
      this.#logger?.warn(
        { ...fields, error: this.#error },
        `check ${this.#name} is failing: ${this.#error}`,
      );
    } else if (before === "failing") {
      this.#logger?.info(fields, `check ${this.#name} is passing again`);
    }
  }
}

function jittered(ms: number): number {
  return ms * (1 - jitter + 2 * jitter * Math.random());
}
