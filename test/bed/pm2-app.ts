import { spawn } from "node:child_process";
import { basename, dirname, join } from "node:path";
import { freePort, until } from "./app-bed.ts";
import { copyApp } from "./copy-app.ts";
import { refuseWhenInterrupted } from "./interruption.ts";
import { OwnFolder } from "./own-folder.ts";

/** What to run, from the repository's root, and in how many processes. */
export interface Pm2Options {
  readonly script: string;
  readonly instances: number;
}

const name = "app";
/** More questions than processes, so that each is met in a full round. */
const questionsEach = 3;

/** A copy of an app whose processes share one port, in PM2's cluster mode and in a PM2 of its own. */
export class Pm2App implements AsyncDisposable {
  readonly port: number;
  readonly #instances: number;
  readonly #folder = new OwnFolder("hitless-pm2-");

  private constructor(port: number, instances: number) {
    this.port = port;
    this.#instances = instances;
  }

  /** Resolves when all processes answer. `revision` is what they say that they are of. */
  static async start({ script, instances }: Pm2Options, revision: string): Promise<Pm2App> {
    const app = new Pm2App(await freePort(), instances);
    const dir = join(app.#folder.path, "app");
    await copyApp(dirname(script), dir);
    const file = join(dir, basename(script));
    try {
      await app.#run(revision, "start", file, "--name", name, "--instances", String(instances));
      await app.settled();
    } catch (thrown) {
      await app[Symbol.asyncDispose]();
      throw thrown;
    }
    return app;
  }

  /** Replaces its processes one after the other; resolves when the command has returned. */
  async reload(revision: string): Promise<void> {
    await this.#run(revision, "reload", name, "--update-env");
  }

  /** SIGKILL of one process. */
  async kill(): Promise<void> {
    const { pid } = await this.ask();
    process.kill(pid, "SIGKILL");
  }

  /** Resolves when as many processes answer as there should be. */
  async settled(): Promise<void> {
    await until(async () => {
      const questions = Array.from({ length: questionsEach * this.#instances }, () => this.ask());
      const answers = await Promise.all(questions).catch(() => []);
      return new Set(answers.map(({ pid }) => pid)).size === this.#instances;
    }, `${this.#instances} processes answer on port ${this.port}`);
  }

  /** Who answers, by the app's own word, on a connection of its own. */
  async ask(): Promise<{ readonly pid: number; readonly revision: string | null }> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/`, {
      headers: { connection: "close" },
    });
    const said: { pid: number; revision: string | null } = JSON.parse(await answer.text());
    return said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run("", "kill");
    await this.#folder.remove();
  }

  #run(revision: string, ...args: readonly string[]): Promise<void> {
    refuseWhenInterrupted();
    const env = {
      ...process.env,
      ...this.#folder.env,
      PM2_HOME: join(this.#folder.path, "pm2"),
      PM2_DISABLE_VERSION_CHECK: "true",
      PORT: String(this.port),
      HOST: "127.0.0.1",
      HITLESS_REVISION: revision,
    };
    const child = spawn("pm2", args, { cwd: this.#folder.path, env, stdio: "pipe" });
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    return new Promise((done, failed) => {
      child.once("error", failed);
      child.once("exit", (code, signal) => {
        if (code === 0) done();
        else failed(new Error(`pm2 ${args.join(" ")} ended with ${code ?? signal}: ${said}`));
      });
    });
  }
}
