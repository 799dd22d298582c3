import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a server is started. */
export interface ServerOptions {
  readonly file: string;
  /** What its answers call it. */
  readonly name: string;
  readonly port: number;
  /** For those that answer probes on another port. */
  readonly checkPort: number;
  readonly env: Readonly<Record<string, string>>;
}

/** How it ended. */
export interface Exit {
  /** `0`, `1`, or the signal that ended it. */
  readonly code: string;
  /** `performance.now()` then. */
  readonly at: number;
}

const listensWithinMs = 20_000;
const keptErrorBytes = 2000;

/** One running contender. */
export class Server implements AsyncDisposable {
  readonly port: number;
  readonly checkPort: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { port, checkPort }: ServerOptions) {
    this.#child = child;
    this.port = port;
    this.checkPort = checkPort;
    this.exited = new Promise((ended) => {
      child.once("exit", (code, signal) => {
        ended({ code: String(code ?? signal), at: performance.now() });
      });
    });
  }

  /** Resolves when it listens; throws with what it said when it does not. */
  static async start(options: ServerOptions): Promise<Server> {
    const { file, name, port, checkPort } = options;
    const own = { NAME: name, PORT: String(port), CHECK_PORT: String(checkPort) };
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, ...options.env, ...own },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text) => (said = (said + String(text)).slice(-keptErrorBytes)));
    const server = new Server(child, options);
    await new Promise<void>((listens, failed) => {
      const fail = (why: string) => failed(new Error(`${file} ${why}: ${said}`));
      createInterface(child.stdout).once("line", () => listens());
      child.once("error", (error) => fail(error.message));
      void server.exited.then(({ code }) => fail(`ended with ${code} before it listened`));
      setTimeout(() => fail(`does not listen in ${listensWithinMs} ms`), listensWithinMs).unref();
    });
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
  }
}
