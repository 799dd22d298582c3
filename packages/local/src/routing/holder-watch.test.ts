import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workerSocketPath } from "@hitless/proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identify } from "../processes/process-identity.ts";
import { eventually } from "../replicas/fixtures/bench.ts";
import { HolderWatch } from "./holder-watch.ts";

const everyMs = 20;

let dir = "";
let holder: ChildProcess;
let server: Server;
let ended = false;
const events: string[] = [];

/** A process that is noted as the holder, and a socket on which nobody says a word for it. */
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-watch-"));
  holder = spawn("sleep", ["60"]);
  await once(holder, "spawn");
  ended = false;
  events.length = 0;
  holder.once("exit", () => {
    ended = true;
  });
  await note(identify(holder.pid ?? 0));
  server = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(socketPath(), resolve));
});
afterEach(async () => {
  holder.kill("SIGKILL");
  server.close();
  await rm(dir, { recursive: true, force: true });
});

function socketPath(): string {
  return join(dir, "proxy.sock");
}

async function note(process: unknown, path = socketPath()): Promise<void> {
  await writeFile(`${path}.json`, JSON.stringify({ version: 1, process }));
}

function watch(): HolderWatch & Disposable {
  const made = new HolderWatch({
    socketPath: socketPath(),
    everyMs,
    event: (text) => events.push(text),
  });
  made.start();
  return Object.assign(made, { [Symbol.dispose]: () => made.stop() });
}

test("the time in which the watching process itself stood still does not count", async () => {
  // Else it is ended sooner.
  await note(identify(process.pid), workerSocketPath(socketPath(), 0));
  using watching = watch();
  // As long as a hundred looks; the timers of one come due.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100 * everyMs);
  for (let looks = 0; looks < 10; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  expect([ended, events]).toEqual([false, []]);
  await eventually("ended", () => ended);
  expect(events).toEqual([`proxy: holder ${holder.pid} did not answer for 30 s and was ended`]);
  watching.stop();
});

test("nobody is ended on the word of a note about another process of that id", async () => {
  const self = identify(holder.pid ?? 0);
  await note({ ...self, startTime: "1" });
  using watching = watch();
  await new Promise((resolve) => setTimeout(resolve, 30 * everyMs));
  expect([ended, events, watching.trouble]).toEqual([false, [], ""]);
  await note(self);
  await eventually("ended", () => ended);
  // Nobody serves.
  expect(events).toEqual([`proxy: holder ${holder.pid} did not answer for 5 s and was ended`]);
});

test("workers that start one holder after the other are not blamed for what kills each", async () => {
  await note(identify(holder.pid ?? 0), workerSocketPath(socketPath(), 0));
  server.close();
  using watching = watch();
  const began = performance.now();
  // No look meets a holder: each is gone as soon as it has noted itself.
  for (let pid = 1; performance.now() - began < 60 * everyMs; pid += 1) {
    await note({ bootId: "earlier", pid, startTime: "1" });
    await new Promise((resolve) => setTimeout(resolve, 3 * everyMs));
  }
  expect([ended, events]).toEqual([false, []]);
  expect(watching.trouble).toContain("has not started the next one yet");
  await eventually("ended", () => ended);
  expect(events).toEqual([`proxy: worker ${holder.pid} started no holder for 30 s and was ended`]);
});
