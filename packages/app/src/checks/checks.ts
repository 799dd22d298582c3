import type { Logger } from "../log.ts";
import { ms } from "../options.ts";
import { reasonOf, withTimeout } from "../with-timeout.ts";
import type { Check, CheckView } from "./check.ts";

type Given = Readonly<Record<string, Check | Check["run"]>>;
/** Replicas that start together must not ask together for ever. */
const jitter = 0.1;

/** Runs the checks in the background, each at its own pace, and knows their last results. */
export class Checks {
  readonly #running: readonly RunningCheck[];

  /** @throws TypeError for a setting that cannot be. */
  constructor(given: Given = {}, logger: Logger | null = null) {
    this.#running = Object.entries(given).map(
      ([name, check]) => new RunningCheck(name, settingsOf(name, check), logger),
    );
  }

  start(): void {
    for (const check of this.#running) check.start();
  }

  stop(): void {
    for (const check of this.#running) check.stop();
  }

  views(): readonly CheckView[] {
    return this.#running.map((check) => check.view());
  }
}

type Settings = Required<{ [Key in keyof Check]: Exclude<Check[Key], undefined> }>;

function settingsOf(name: string, given: Check | Check["run"]): Settings {
  const check: Check = typeof given === "function" ? { run: given } : given;
  const number = (key: "timeoutMs" | "intervalMs" | "failAfter" | "passAfter", otherwise: number) =>
    ms(`checks.${name}.${key}`, check[key], otherwise);
  return {
    run: (signal) => check.run(signal),
    critical: check.critical ?? true,
    timeoutMs: number("timeoutMs", 1000),
    intervalMs: number("intervalMs", 2000),
    failAfter: Math.max(1, number("failAfter", 2)),
    passAfter: Math.max(1, number("passAfter", 1)),
  };
}

class RunningCheck {
  readonly #name: string;
  readonly #settings: Settings;
  readonly #logger: Logger | null;
  #status: CheckView["status"] = "pending";
  #failures = 0;
  #passes = 0;
  #error: string | null = null;
  #at: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(name: string, settings: Settings, logger: Logger | null) {
    this.#name = name;
    this.#settings = settings;
    this.#logger = logger;
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
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

  async #round(): Promise<void> {
    const result = await withTimeout(this.#settings.run, this.#settings.timeoutMs);
    if (this.#stopped) return;
    this.#at = performance.now();
    if (result.outcome === "done") this.#pass();
    else this.#fail(result.error);
    const wait = this.#settings.intervalMs * (1 - jitter + 2 * jitter * Math.random());
    // A check alone is no reason for the process to live on.
    this.#timer = setTimeout(() => void this.#round(), wait).unref();
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
    this.#error = reasonOf(error);
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
