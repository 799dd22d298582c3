import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { z } from "zod";
import { repository } from "./app-bed.ts";
import { endWhenInterrupted } from "./interruption.ts";

const readyShape = z.object({
  status: z.string(),
  failing: z.array(z.string()).default([]),
  checks: z.record(
    z.string(),
    z.object({ status: z.string(), failures: z.number(), error: z.string().optional() }),
  ),
});

export interface ReadyAnswer {
  readonly code: number;
  readonly body: z.infer<typeof readyShape>;
}

/** What came of asking again and again. */
export interface Asked {
  readonly answers: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

const main = join(repository, "test/bed/apps/checked/server.ts");
const loader = join(repository, "node_modules/tsx/dist/loader.mjs");
/** How one path is asked again and again. */
export interface ProbeWay {
  readonly everyMs: number;
  /** Who waits longer has no answer. */
  readonly timeoutMs: number;
}

/** The service of `apps/checked`, with the kit or naive. */
export class CheckedApp implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #forget: () => void;

  private constructor(process: ChildProcess, pid: number, port: string) {
    this.#process = process;
    this.pid = pid;
    this.url = `http://127.0.0.1:${port}`;
    this.#forget = endWhenInterrupted(`process ${pid}`, () => this.end());
  }

  static async start(env: Readonly<Record<string, string>>): Promise<CheckedApp> {
    const child = spawn(
      process.execPath,
      ["--conditions=@hitless/source", "--import", loader, main],
      {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    while (!said.includes("listening ")) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said}`);
      await after(10);
    }
    const port = /listening (\d+)/.exec(said)?.[1] ?? "";
    return new CheckedApp(child, child.pid ?? 0, port);
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async ready(): Promise<ReadyAnswer> {
    const answer = await fetch(`${this.url}/ready`);
    return { code: answer.status, body: readyShape.parse(await answer.json()) };
  }

  async fault(name: string): Promise<void> {
    await fetch(`${this.url}/fault/${name}`, { method: "POST" });
  }

  /** Asks until the signal aborts. */
  async probe(path: string, until: AbortSignal, way: ProbeWay): Promise<Asked> {
    const answers: Record<string, number> = {};
    let slowestMs = 0;
    while (!until.aborted) {
      const began = performance.now();
      const answer = await this.#askOnce(path, way.timeoutMs);
      slowestMs = Math.max(slowestMs, performance.now() - began);
      answers[answer] = (answers[answer] ?? 0) + 1;
      await after(way.everyMs);
    }
    return { answers, slowestMs: Math.round(slowestMs) };
  }

  async #askOnce(path: string, timeoutMs: number): Promise<string> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const answer = await fetch(`${this.url}${path}`, { signal });
      await answer.arrayBuffer();
      return String(answer.status);
    } catch (error) {
      return error instanceof DOMException ? "timed out" : "refused";
    }
  }

  async end(): Promise<void> {
    if (this.isAlive) {
      const ended = once(this.#process, "exit");
      this.#process.kill("SIGKILL");
      await ended;
    }
    this.#forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
