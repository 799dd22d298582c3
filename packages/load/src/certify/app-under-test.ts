import { setTimeout as after } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { accepts } from "../accepts.ts";
import { AppProcess } from "../app-process.ts";
import { type Asked, ask, isGood } from "../ask.ts";
import type { Target } from "../connection.ts";
import { freePort } from "../free-port.ts";
import { commandsIn } from "../process-group.ts";
import { type CertifySettings, type Dependency, endpointOf } from "./certify-options.ts";
import { whatAnswered } from "./evidence.ts";
import { TcpRelay } from "./tcp-relay.ts";

/** How the app came up. Times count from its start. */
export type StartSeen =
  | {
      readonly kind: "ready";
      readonly readyMs: number;
      /** To an ordinary request, asked as soon as the app said that it was ready. */
      readonly firstAnswer: Asked;
    }
  | { readonly kind: "failed"; readonly what: string };

/** How the app ended after its signal. Times count from the signal. */
export type EndSeen =
  | {
      readonly kind: "exited";
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly ms: number;
      /** Command lines of what still ran in its process group afterwards. */
      readonly left: readonly string[];
      /** Whether something still accepted connections on its port then. */
      readonly stillServes: boolean;
    }
  | { readonly kind: "killed"; readonly ms: number };

/** Between two looks at a port that is not open yet, and at a process that ends, in milliseconds. */
const lookEveryMs = 5;
/** Between two questions to an app that is starting, in milliseconds. */
const askEveryMs = 20;
/** How long what a leader leaves in its group may take to follow it, in milliseconds. */
const followMs = 1000;
/** What a shell answers for a command that it cannot find, or not run. */
const shellCannotRun = [126, 127];

/** One copy of the app, on a port of its own, with a relay to each of its dependencies. */
export class AppUnderTest {
  readonly target: Target;
  readonly relays: readonly TcpRelay[];
  readonly #settings: CertifySettings;
  readonly #process: AppProcess;
  readonly #startedAt = performance.now();
  #signalledAt: number | null = null;

  private constructor(settings: CertifySettings, started: Started) {
    this.#settings = settings;
    this.#process = started.process;
    this.relays = started.relays;
    this.target = { host: "127.0.0.1", port: started.port };
  }

  /** Starts it with `PORT` and `HOST`. Throws `COMMAND_NOT_FOUND`, and `PORT_TAKEN` for a fixed port. */
  static async start(settings: CertifySettings): Promise<AppUnderTest> {
    const port = settings.port ?? (await freePort());
    if (settings.port !== null && (await accepts({ host: "127.0.0.1", port }))) {
      throw new HitlessError("PORT_TAKEN", `another process listens on port ${port} already`, {
        next: "Stop it, or let the app listen on PORT and leave --port out.",
      });
    }
    const relays = await Promise.all(settings.dependencies.map(relayTo));
    const addresses = settings.dependencies.map((dependency, index) => [
      dependency.variable,
      throughRelay(dependency, relays[index]?.port ?? 0),
    ]);
    const env = { ...settings.app.env, ...Object.fromEntries(addresses) };
    const own = { PORT: String(port), HOST: "127.0.0.1" };
    try {
      const process = await AppProcess.start({ ...settings.app, env: { ...env, ...own } });
      return new AppUnderTest(settings, { process, relays, port });
    } catch (thrown) {
      await Promise.all(relays.map((relay) => relay.close()));
      throw thrown;
    }
  }

  /** The end of what it has written. */
  get said(): string {
    return this.#process.said;
  }

  /** Whether its leader still runs. */
  get runs(): boolean {
    return !this.#process.exited;
  }

  /** Waits until its port accepts; false when it did not in time. */
  async untilListening(): Promise<boolean> {
    while (!(await accepts(this.target))) {
      if (this.#process.exited || this.#late()) return false;
      await after(lookEveryMs);
    }
    return true;
  }

  /**
   * Asks `readyPath` until the answer is 2xx, then for an ordinary request at once, and until that
   * is answered with 2xx, too.
   */
  async untilReady(readyPath: string | null): Promise<StartSeen> {
    const { path } = this.#settings.paths;
    const never = await this.#untilGood(readyPath ?? path);
    if (never !== null) return never;
    const readyMs = performance.now() - this.#startedAt;
    const firstAnswer = await ask(this.target, path);
    return (await this.#untilGood(path)) ?? { kind: "ready", readyMs, firstAnswer };
  }

  async #untilGood(path: string): Promise<Extract<StartSeen, { kind: "failed" }> | null> {
    for (;;) {
      const asked = await ask(this.target, path);
      if (isGood(asked)) break;
      if (this.#process.exited) return { kind: "failed", what: this.#endedEarly() };
      if (this.#late()) return { kind: "failed", what: this.#tooLate(path, asked) };
      await after(askEveryMs);
    }
    // The answer of a stranger, who had the port before us, says nothing of the app.
    return this.#process.exited ? { kind: "failed", what: this.#endedEarly() } : null;
  }

  /** Sends SIGTERM as the platform does; times count from the first one. */
  terminate(): void {
    this.#signalledAt ??= performance.now();
    const { app, behind } = this.#settings;
    const whole = behind === "hitless" && typeof app.command === "string";
    this.#process.signal("SIGTERM", whole ? "group" : "leader");
  }

  /** Milliseconds since the first SIGTERM; negative before. */
  get sinceSignalMs(): number {
    return this.#signalledAt === null ? -1 : performance.now() - this.#signalledAt;
  }

  /** Waits until it has exited, at most to the end of the grace, and kills it then. */
  async untilEnd(): Promise<EndSeen> {
    while (!this.#process.exited && this.sinceSignalMs < this.#settings.graceMs) {
      await after(lookEveryMs);
    }
    const { exit } = this.#process;
    if (exit === null) {
      const ms = this.sinceSignalMs;
      await this.#process.stop();
      return { kind: "killed", ms };
    }
    const ms = exit.at - (this.#signalledAt ?? exit.at);
    const left = await this.#leftBehind();
    const stillServes = left.length > 0 && (await accepts(this.target));
    return { kind: "exited", code: exit.code, signal: exit.signal, ms, left, stillServes };
  }

  /** Kills what is left of it. */
  async stop(): Promise<void> {
    await this.#process.stop();
    await Promise.all(this.relays.map((relay) => relay.close()));
  }

  async #leftBehind(): Promise<readonly string[]> {
    const until = performance.now() + followMs;
    let left = commandsIn(this.#process.pid);
    while (left.length > 0 && performance.now() < until) {
      await after(lookEveryMs);
      left = commandsIn(this.#process.pid);
    }
    return left;
  }

  #late(): boolean {
    return performance.now() - this.#startedAt > this.#settings.startTimeoutMs;
  }

  #endedEarly(): string {
    const { code = null, signal = null } = this.#process.exit ?? {};
    const { command } = this.#settings;
    if (typeof command === "string" && shellCannotRun.includes(code ?? 0)) {
      throw new HitlessError("COMMAND_NOT_FOUND", `a shell cannot run ${JSON.stringify(command)}`, {
        next: `It said: ${this.said}`,
      });
    }
    return `exited ${signal === null ? `with ${code}` : `by ${signal}`} before it was ready`;
  }

  #tooLate(path: string, last: Asked): string {
    const { startTimeoutMs, paths } = this.#settings;
    const { port } = this.target;
    const seconds = startTimeoutMs / 1000;
    const asked = path === paths.path ? path : `${path} (readiness, --ready-path)`;
    return `no 2xx for GET ${asked} on port ${port} in ${seconds} s: the last one ${whatAnswered(last)}`;
  }
}

interface Started {
  readonly process: AppProcess;
  readonly relays: readonly TcpRelay[];
  readonly port: number;
}

function relayTo(dependency: Dependency): Promise<TcpRelay> {
  return TcpRelay.open(endpointOf(dependency));
}

/** The address as it was written, with the relay's host and port in it. */
function throughRelay({ address }: Dependency, port: number): string {
  const relay = `127.0.0.1:${port}`;
  if (!address.includes("://")) return relay;
  const url = new URL(address);
  const login = url.username === "" ? "" : `${url.username}${passwordOf(url)}@`;
  return `${url.protocol}//${login}${relay}${url.pathname}${url.search}`;
}

function passwordOf(url: URL): string {
  return url.password === "" ? "" : `:${url.password}`;
}
