import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { endWhenInterrupted, refuseWhenInterrupted } from "./interruption.ts";

/** A process that has nothing to do with the app, and says which signals it is sent. */
export class Stranger implements AsyncDisposable {
  readonly pid: number;
  /** What it was sent; `SIGKILL` when it is gone though nobody here ended it. */
  readonly signals: string[] = [];
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly forget: () => void;

  private constructor(child: ChildProcess, pid: number) {
    this.child = child;
    this.pid = pid;
    this.forget = endWhenInterrupted(`process ${pid}`, () => this[Symbol.asyncDispose]());
    this.ended = once(child, "exit").then(([, signal]) => this.signals.push(String(signal)));
  }

  /** It leads a group of its own, as a replica does. */
  static async start(): Promise<Stranger> {
    const names = '["SIGTERM", "SIGINT", "SIGHUP", "SIGCONT", "SIGUSR2"]';
    const script = `${names}.forEach((n) => process.on(n, () => console.log(n))); setInterval(() => {}, 1000); console.log("up")`;
    refuseWhenInterrupted();
    const child = spawn(process.execPath, ["-e", script], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stranger = new Stranger(child, child.pid ?? -1);
    const lines = createInterface(child.stdout);
    await once(lines, "line");
    lines.on("line", (name) => stranger.signals.push(name));
    return stranger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
    this.forget();
  }
}
