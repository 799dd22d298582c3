import type { Logger } from "../log.ts";
import type { Check, CheckSettings, CheckView } from "./check.ts";
import { RunningCheck, type RunSettings } from "./running-check.ts";

type Given = Readonly<Record<string, Check | Check["run"]>>;

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

  /** Nothing is run any more, and what runs is told to end. */
  stop(): void {
    for (const check of this.#running) check.stop();
  }

  views(): readonly CheckView[] {
    return this.#running.map((check) => check.view());
  }
}

function settingsOf(name: string, given: Check | Check["run"]): RunSettings {
  const check: Check = typeof given === "function" ? { run: given } : given;
  if (typeof check?.run !== "function") {
    throw new TypeError(
      `checks.${name} is ${String(given)}; it must be a function or have one, run`,
    );
  }
  return {
    run: (signal) => check.run(signal),
    critical: check.critical ?? true,
    timeoutMs: atLeastOne(name, check, "timeoutMs") ?? 1000,
    intervalMs: atLeastOne(name, check, "intervalMs") ?? 2000,
    failAfter: atLeastOne(name, check, "failAfter") ?? 2,
    passAfter: atLeastOne(name, check, "passAfter") ?? 1,
  };
}

/** A day of milliseconds. */
const most = 86_400_000;

function atLeastOne(
  name: string,
  check: CheckSettings,
  key: Exclude<keyof CheckSettings, "critical">,
): number | undefined {
  const value = check[key];
  if (value === undefined || (Number.isInteger(value) && value >= 1 && value <= most)) return value;
  throw new TypeError(
    `checks.${name}.${key} is ${value}; it must be a whole number from 1 to ${most}`,
  );
}
