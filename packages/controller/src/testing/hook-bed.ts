import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hook, HookAction, HookNotes, HookOrder, Preview } from "@hitless/core";
import type { HookMachine } from "../hooks/hook-machine.ts";
import { type HookRunnerOptions, openHookRunner } from "../hooks/hook-runner.ts";
import { MemoryFile } from "./memory-file.ts";

/** The processes of this machine by their ids alone: in a test none is given away again. */
const machine: HookMachine = {
  environment: () => ({ PATH: process.env["PATH"] ?? "" }),
  commandLine: (command) => {
    if (typeof command === "string") return ["/bin/sh", ["-c", command]];
    const [program = "", ...args] = command;
    return [program, args];
  },
  identify: (pid) => ({ bootId: "", pid, startTime: "" }),
  signalGroup: ({ pid }, signal) => {
    try {
      process.kill(-pid, signal);
    } catch {
      // Nothing is left of it.
    }
  },
  isGroupEmpty: ({ pid }) => !readdirSync("/proc").some((name) => isIn(pid, name)),
};

/** Whether a process runs: one that has ended and was not collected does not. */
export function runs(pid: number): boolean {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Whether the process of that folder of /proc is in the group, and has not ended. */
function isIn(group: number, name: string): boolean {
  const stat = /^\d+$/.test(name) ? readIfThere(`/proc/${name}/stat`) : "";
  const [state, , own] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(own) === group && state !== "Z";
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A folder for commands, and controllers, one after the other, that run hooks in it. */
export class HookBed implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "hitless-hook-"));
  readonly notes = new MemoryFile<HookNotes>();
  readonly events: string[] = [];
  readonly secrets = new Map<string, string>();
  preview: Preview | undefined;
  runLoad: HookRunnerOptions["runLoad"] = async () => ({ outcome: "done", detail: "loaded" });

  /** The next controller, over what the one before noted. */
  open() {
    return openHookRunner({
      app: "shop",
      appDir: this.dir,
      machine,
      notes: this.notes,
      secrets: { read: async (name) => this.secrets.get(name) },
      runLoad: (...load) => this.runLoad(...load),
      preview: () => this.preview,
      event: (text) => void this.events.push(text),
      pauseMs: 1,
    });
  }

  /** What a command wrote into a file of the folder; empty when it wrote none. */
  text(name: string): string {
    return readIfThere(join(this.dir, name));
  }

  [Symbol.dispose](): void {
    for (const { leader } of this.notes.value ?? []) machine.signalGroup(leader, "SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A hook of release 3 to revision 7. */
export function orderOf(action: HookAction, changes: Partial<Hook> = {}): HookOrder {
  const hook = { name: "warm", action, timeoutMs: 20_000, attempts: 1, onFail: "back" } as const;
  return { key: "shop/3/canary 5 %/warm", hook: { ...hook, ...changes }, release: 3, revision: 7 };
}

/** An order to run a command. */
export function commandOf(command: string | readonly string[], changes: Partial<Hook> = {}) {
  return orderOf({ kind: "command", command }, changes);
}

/** One request that a receiver got. */
export interface Received {
  readonly headers: IncomingMessage["headers"];
  readonly path: string | undefined;
  readonly body: string;
}

/** A web server that keeps what it gets and answers as it is told. */
export class Receiver implements AsyncDisposable {
  readonly got: Received[] = [];
  answer: (response: ServerResponse, got: Received) => void = (response) => void response.end();
  private readonly server: Server;
  private port = 0;

  private constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        const got = { headers: request.headers, path: request.url, body };
        this.got.push(got);
        this.answer(response, got);
      });
    });
  }

  static async listen(): Promise<Receiver> {
    const receiver = new Receiver();
    await receiver.open();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** At the port that it had before, if any. */
  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
    const address = this.server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
