import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { freePort, until } from "./app-bed.ts";
import { copyApp } from "./copy-app.ts";
import type { OwnFolder } from "./own-folder.ts";

/** As a supervisor of the system does it: systemd's RestartSec is rather 1 s than its default of 0.1 s. */
const restartMs = 1_000;

/** A copy of the shop on a port of its own, started again a second after it ended. Ends with its folder. */
export class KeptApp {
  readonly port: number;
  readonly #dir: string;
  #child: ChildProcess | null = null;
  #stopped = false;

  private constructor(port: number, dir: string) {
    this.port = port;
    this.#dir = dir;
  }

  static async start(folder: OwnFolder, name: string): Promise<KeptApp> {
    const dir = join(folder.path, name);
    await copyApp("examples/shop/1.0", dir);
    const app = new KeptApp(await freePort(), dir);
    app.#spawn();
    await app.answers();
    return app;
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Resolves when it is ready. */
  async answers(): Promise<void> {
    const ready = () =>
      fetch(`http://127.0.0.1:${this.port}/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until(ready, `the app on port ${this.port} is ready`);
  }

  stop(): void {
    this.#stopped = true;
    this.kill();
  }

  #spawn(): void {
    const env = { ...process.env, PORT: String(this.port), HOST: "127.0.0.1" };
    const child = spawn(process.execPath, ["server.mjs"], { cwd: this.#dir, env, stdio: "ignore" });
    this.#child = child;
    child.once("exit", () => {
      if (!this.#stopped) void after(restartMs).then(() => this.#stopped || this.#spawn());
    });
  }
}
