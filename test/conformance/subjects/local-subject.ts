import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { EngineMutation } from "@hitless/core";
import { ask, EngineBed } from "@hitless/local/testing";
import type { RevisionBehaviour, Subject, Subjects } from "../subject.ts";

const appFile = join(import.meta.dirname, "../app/server.js");
/** After which a condition counts as one that never holds, ms. */
const longestWaitMs = 20_000;
const lookEveryMs = 10;

const never = new AbortController().signal;

/** Subjects that follow each other over one proxy: to start one takes longer than most tests. */
export class LocalSubjects implements Subjects {
  private bed: EngineBed | null = null;

  async make(): Promise<Subject> {
    const bed = this.bed ?? (await EngineBed.make());
    this.bed = null;
    await bed.open();
    return new LocalSubject(bed, (used) => this.takeBack(used));
  }

  async close(): Promise<void> {
    await this.bed?.[Symbol.asyncDispose]();
  }

  /** One that cannot be emptied is thrown away, and the test that used it fails. */
  private async takeBack(subject: LocalSubject): Promise<void> {
    const { bed } = subject;
    try {
      await subject.empty();
      await bed.engine.abandon();
      this.bed = bed;
    } catch (thrown) {
      await bed[Symbol.asyncDispose]();
      throw thrown;
    }
  }
}

/** The engine of one machine, with real processes and the real proxy, in a folder of its own. */
class LocalSubject implements Subject {
  readonly limit = null;
  readonly bed: EngineBed;
  private readonly done: (used: LocalSubject) => Promise<void>;
  private held: readonly number[] = [];

  constructor(bed: EngineBed, done: (used: LocalSubject) => Promise<void>) {
    this.bed = bed;
    this.done = done;
  }

  get engine() {
    return this.bed.engine;
  }

  now(): number {
    return Date.now();
  }

  async revision(number: number, behaviour: RevisionBehaviour = {}): Promise<void> {
    const { readyAfterMs, neverReady, crashAfterMs, stopMs, fails } = behaviour;
    await this.bed.revision(number, `${number}`, {
      run: { command: [process.execPath, appFile] },
      config: {
        WORLD: this.bed.folder.root,
        ...(readyAfterMs === undefined ? {} : { READY_AFTER_MS: `${readyAfterMs}` }),
        ...(neverReady === true ? { NEVER_READY: "yes" } : {}),
        ...(crashAfterMs === undefined ? {} : { CRASH_AFTER_MS: `${crashAfterMs}` }),
        ...(stopMs === undefined ? {} : { STOP_MS: `${stopMs}` }),
        ...(fails === true ? { FAILS: "yes" } : {}),
      },
    });
  }

  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = performance.now() + longestWaitMs;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        throw new Error(`never: ${what}\n${this.bed.events.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }

  async kill(replica: string): Promise<void> {
    const views = await this.bed.views();
    const pid = views.find((v) => v.id === replica)?.process;
    process.kill(Number(pid ?? Number.NaN), "SIGKILL");
  }

  async stall(replica: string): Promise<void> {
    await writeFile(join(this.bed.folder.root, replica), "");
  }

  async recover(replica: string): Promise<void> {
    await rm(join(this.bed.folder.root, replica));
  }

  async ask(headers: Readonly<Record<string, string>> = {}): Promise<string | null> {
    const { status, body } = await ask(this.bed.port, "/", headers);
    return status === 200 ? body : null;
  }

  async askAt(port: number): Promise<string | null> {
    const { status, body } = await ask(port);
    return status === 0 ? null : body;
  }

  async freePort(): Promise<number> {
    const server = createServer();
    const port = await listenOn(server, 0);
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  async occupy(port: number): Promise<() => Promise<void>> {
    const server = createServer((socket) => socket.destroy());
    await listenOn(server, port);
    return async () => void (await new Promise((resolve) => server.close(resolve)));
  }

  async hold(): Promise<void> {
    this.held = await this.bed.workers();
    if (this.held.length === 0) throw new Error("the proxy has no worker");
    this.signalHeld("SIGSTOP");
  }

  async letGo(): Promise<void> {
    this.signalHeld("SIGCONT");
    this.held = [];
  }

  async restart(meanwhile?: () => Promise<void>): Promise<void> {
    await this.bed.views();
    await this.bed.engine.abandon();
    await meanwhile?.();
    await this.bed.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.letGo();
    await this.done(this);
  }

  /** No revision, no replica and no log is left. */
  async empty(): Promise<void> {
    const { revisions } = await this.bed.look();
    const known = revisions.kind === "known" ? revisions.value.map((r) => r.revision) : [];
    const apply = (mutation: EngineMutation) => this.engine.apply(mutation, never);
    for (const revision of known) await apply({ kind: "scale", revision, replicas: 0 });
    await this.until("every replica is gone", async () => (await this.bed.views()).length === 0);
    for (const revision of known) await apply({ kind: "collect", revision });
    await rm(this.bed.folder.logs, { recursive: true, force: true });
    await mkdir(this.bed.folder.logs);
  }

  private signalHeld(signal: "SIGSTOP" | "SIGCONT"): void {
    for (const pid of this.held) process.kill(pid, signal);
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
