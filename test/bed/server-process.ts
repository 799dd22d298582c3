import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { endWhenInterrupted } from "./interruption.ts";

/** How a server is started. */
export interface ServerOptions {
  /** A module that says a line on its standard output when it listens on `PORT`. */
  readonly file: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** How it ended. */
export interface ServerExit {
  /** `0`, `1`, or the signal that ended it. */
  readonly code: string;
  /** `performance.now()` then. */
  readonly at: number;
}

const listensWithinMs = 20_000;
const keptErrorBytes = 2000;

/** One server in a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly exited: Promise<ServerExit>;
  /** What it has said since it listens, by line; whole once `exited`. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #forget: () => void;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    // Not at "exit": its last words may still be in the pipe.
    let at = 0;
    child.once("exit", () => (at = performance.now()));
    this.exited = new Promise((ended) => {
      child.once("close", (code, signal) => ended({ code: String(code ?? signal), at }));
    });
    this.#forget = endWhenInterrupted(`server ${child.pid}`, () => this[Symbol.asyncDispose]());
  }

  /** Resolves when it listens; throws with what it said when it does not. */
  static async start({ file, port, env }: ServerOptions): Promise<ServerProcess> {
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text) => (said = (said + String(text)).slice(-keptErrorBytes)));
    const server = new ServerProcess(child, port);
    const lines = createInterface(child.stdout);
    await new Promise<void>((listens, failed) => {
      const fail = (why: string) => failed(new Error(`${file} ${why}: ${said}`));
      lines.once("line", () => listens());
      child.once("error", (error) => fail(error.message));
      void server.exited.then(({ code }) => fail(`ended with ${code} before it listened`));
      setTimeout(() => fail(`does not listen in ${listensWithinMs} ms`), listensWithinMs).unref();
    });
    lines.on("line", (line) => server.lines.push(line));
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exited;
    this.#forget();
  }
}
