import { setTimeout as after } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { type AppCommand, AppProcess } from "./app-process.ts";
import { ask, isGood } from "./ask.ts";
import { freePort } from "./free-port.ts";
import type { LoadOptions } from "./load-options.ts";
import type { LoadReport } from "./load-report.ts";
import { type LoadSession, startLoad } from "./start-load.ts";

/** The control phase: the app as it is without Hitless. */
export interface ControlOptions extends AppCommand {
  /** The load, as in the run that is to be judged; only the url is the control's own. */
  readonly load: Omit<LoadOptions, "url" | "firstPhase">;
  /** How the running app is killed; default `SIGTERM`, with SIGKILL after `killAfterMs`. */
  readonly killSignal?: "SIGTERM" | "SIGKILL";
  /** Milliseconds that the app may take to exit after the signal; default 5000. */
  readonly killAfterMs?: number;
  /** Path that answers 2xx once the app is ready; default `paths.get` of the load, or `/`. */
  readonly readyPath?: string;
  /** Milliseconds that the app may take to answer, at each start; default 15000. */
  readonly startTimeoutMs?: number;
  /** Length of the phase before the kill, and of the one after the app is back; default 1000. */
  readonly phaseMs?: number;
  /** Ends the control early; everything started is still cleaned up. */
  readonly signal?: AbortSignal;
}

/** What the instrument saw when an app was swapped naively. */
export interface ControlReport {
  /** Phases `steady`, `swap` (from the kill to the first answer) and `back`. */
  readonly load: LoadReport;
  readonly killSignal: "SIGTERM" | "SIGKILL";
  /** From the signal to the first answer of the new process. */
  readonly downMs: number;
  /** The process groups of the old and the new copy. */
  readonly pids: readonly [number, number];
}

/** Between two looks at an app that is starting, in milliseconds. */
const lookEveryMs = 20;

/**
 * Runs the control phase: starts the app on a free port of its own (`PORT`, `HOST=127.0.0.1`), puts
 * the load on it, kills it, then starts it again. The losses that this must show are the proof that
 * the instrument can see. Throws `COMMAND_NOT_FOUND`, `BAD_INPUT` when the app does not come up, and
 * the reason of `signal`; no process outlives the call.
 */
export async function runControl(options: ControlOptions): Promise<ControlReport> {
  return await new Control(options, await freePort()).run();
}

class Control {
  readonly #options: ControlOptions;
  readonly #port: number;
  readonly #processes: AppProcess[] = [];
  #load: LoadSession | null = null;

  constructor(options: ControlOptions, port: number) {
    this.#options = options;
    this.#port = port;
  }

  async run(): Promise<ControlReport> {
    try {
      return await this.#swap();
    } finally {
      // In this order, because answers that are still owed end with the app that owes them.
      await Promise.all(this.#processes.map((app) => app.stop()));
      await this.#load?.stop();
    }
  }

  async #swap(): Promise<ControlReport> {
    const { killSignal = "SIGTERM", killAfterMs = 5000, phaseMs = 1000 } = this.#options;
    const old = await this.#startApp();
    const url = `http://127.0.0.1:${this.#port}`;
    this.#load = startLoad({ ...this.#options.load, url, firstPhase: "steady" });
    await this.#wait(phaseMs);
    this.#load.phase("swap");
    const killedAt = performance.now();
    await old.kill(killSignal, killAfterMs);
    const renewed = await this.#startApp();
    const downMs = Math.round(performance.now() - killedAt);
    this.#load.phase("back");
    await this.#wait(phaseMs);
    return { load: await this.#load.stop(), killSignal, downMs, pids: [old.pid, renewed.pid] };
  }

  async #startApp(): Promise<AppProcess> {
    this.#options.signal?.throwIfAborted();
    // An app that serves on after its signal, until nobody comes any more, would be no naive swap.
    const drain = { HITLESS_DRAIN_DELAY_SECONDS: "0" };
    const env = { ...drain, ...this.#options.env, PORT: String(this.#port), HOST: "127.0.0.1" };
    const app = await AppProcess.start({ ...this.#options, env });
    this.#processes.push(app);
    await this.#answers(app);
    return app;
  }

  async #answers(app: AppProcess): Promise<void> {
    const { startTimeoutMs = 15_000 } = this.#options;
    const deadline = performance.now() + startTimeoutMs;
    while (!(await this.#looksReady())) {
      if (app.exited) throw this.#notUp("exited before it answered", app);
      if (performance.now() > deadline)
        throw this.#notUp(`did not answer in ${startTimeoutMs} ms`, app);
      await this.#wait(lookEveryMs);
    }
  }

  async #looksReady(): Promise<boolean> {
    const path = this.#options.readyPath ?? this.#options.load.paths?.get ?? "/";
    return isGood(await ask({ host: "127.0.0.1", port: this.#port }, path));
  }

  #notUp(what: string, app: AppProcess): HitlessError {
    const said = app.errors === "" ? "" : `; it said: ${app.errors}`;
    const command = JSON.stringify(this.#options.command);
    return new HitlessError(
      "BAD_INPUT",
      `the app ${command} ${what} on port ${this.#port}${said}`,
      {
        next: "Start it by hand with PORT set, and see whether it answers 2xx there.",
      },
    );
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#options;
    await after(ms, null, signal === undefined ? {} : { signal }).catch(() => {
      signal?.throwIfAborted();
    });
  }
}
