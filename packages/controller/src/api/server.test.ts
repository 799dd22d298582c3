import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createNetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { HitlessError, type LogLine, type LogQuery } from "@hitless/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";
import { ControllerClient } from "./client.ts";
import { serveApi } from "./server.ts";

const all: LogQuery = { revision: null, replica: null, since: null, tail: null, follow: false };

let dir = "";
let socketPath = "";
const events: string[] = [];
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-api-"));
  socketPath = join(dir, "control.sock");
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(dir, { recursive: true, force: true });
});

async function served(given?: ControllerBed) {
  const bed = given ?? (await ControllerBed.settled());
  if (given === undefined) closing.push(() => bed[Symbol.asyncDispose]());
  const asked: string[] = [];
  const { controller, engine, store, operations } = bed;
  const server = await serveApi({
    controller,
    engine,
    store,
    operations,
    socket: {
      path: socketPath,
      prepare: async () => void (await mkdir(dirname(socketPath), { recursive: true })),
      event: (text) => events.push(text),
    },
    engineDetails: async () => ({ kind: "fake" }),
    down: () => asked.push("down"),
  });
  closing.push(() => server.close());
  const client = new ControllerClient(socketPath);
  closing.push(() => client.close());
  return { bed, server, client, asked };
}

/** One request as any program may send it. */
function raw(path: string, options: { method?: string; body?: string; type?: string } = {}) {
  const { method = "POST", body = "", type = "application/json" } = options;
  return new Promise<{ status: number; answer: unknown }>((resolve, reject) => {
    const headers = body === "" ? {} : { "content-type": type };
    const asked = httpRequest({ socketPath, path, method, headers }, (response) => {
      const status = response.statusCode ?? 0;
      json(response).then((answer) => resolve({ status, answer }), reject);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Something that listens where the controller would, and treats a request so. */
async function impostor(treat: (socket: Socket) => void): Promise<ControllerClient> {
  const sockets: Socket[] = [];
  const server = createNetServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => treat(socket));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = new ControllerClient(socketPath);
  closing.push(() => client.close());
  return client;
}

test("its socket is for its owner alone, and answers with the status", async () => {
  const { client } = await served();
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const status = await client.status();
  expect(status).toMatchObject({
    app: "shop",
    stable: 1,
    controller: { pid: process.pid },
    engine: { kind: "fake" },
    unreadable: null,
    lastRelease: { id: 1, outcome: "succeeded" },
  });
  expect(status.replicas).toHaveLength(2);
  expect(await client.history()).toHaveLength(1);
  expect((await client.events()).length).toBeGreaterThan(0);
});

test("what is unreadable is said, and the rest is answered", async () => {
  const { client, bed } = await served();
  bed.engine.hide("replicas", "the process table is closed");
  expect(await client.status()).toMatchObject({
    stable: 1,
    replicas: [],
    unreadable: "the process table is closed",
  });
});

test("a release, a scale, an intent and a rollback do what the operations do", async () => {
  const { client, bed } = await served();
  bed.artifacts.digest = "second";
  expect(await client.release(releaseBody())).toMatchObject({ kind: "started", revision: 2 });
  await bed.settle();
  expect(await client.scale({ replicas: 3, by: "alice" })).toMatchObject({ kind: "settings" });
  expect(await client.rollback(await bed.meant({ to: null }))).toMatchObject({ revision: 1 });
  expect(await client.intent(await bed.meant({ kind: "pause" }))).toMatchObject({ kind: "noted" });
  expect(await client.intent(await bed.meant({ kind: "resume" }))).toMatchObject({ kind: "noted" });
  await bed.settle();
  expect(await client.restart({ by: "alice" })).toMatchObject({ kind: "started", revision: 3 });
  await bed.settle();
});

test("an error keeps its code, its next step and its path on the way to the client", async () => {
  const { client } = await served();
  const failed = await client.release(releaseBody({ port: 9999 })).catch((e: unknown) => e);
  expect(failed).toBeInstanceOf(HitlessError);
  expect(failed).toMatchObject({
    code: "REFUSED",
    path: ["port"],
    next: expect.stringContaining("hitless down"),
    message: expect.stringContaining("9999"),
  });
});

test("whatever a client sends wrong is BAD_INPUT, never a fault of ours", async () => {
  await served();
  const wrong = await Promise.all([
    raw("/scale", { body: "{ no json" }),
    raw("/scale", { body: '{"replicas":0,"by":"a"}' }),
    raw("/scale", { body: "replicas=3", type: "text/plain" }),
    raw("/scale", { body: "[]" }),
    raw("/scale", { body: "null" }),
    raw("/scale"),
    raw("/scale", { body: JSON.stringify({ by: "x".repeat(5 << 20) }) }),
    raw("/intent", { body: '{"kind":"explode","by":"a"}' }),
    raw("/status?after=soon", { method: "GET" }),
    raw("/logs?tail=all", { method: "GET" }),
    raw("/logs?follow=maybe", { method: "GET" }),
    raw("/nothing", { method: "GET" }),
  ]);
  for (const { status, answer } of wrong) {
    expect(answer).toMatchObject({ error: { code: "BAD_INPUT", message: expect.any(String) } });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  }
  expect(wrong[3]?.answer).toMatchObject({ error: { message: expect.stringMatching(/^\w+: \w/) } });
});

test("a controller that is not there, hangs up or breaks off mid-answer is NO_CONTROLLER", async () => {
  const nobody = new ControllerClient(join(dir, "none.sock"));
  closing.push(() => nobody.close());
  await expect(nobody.status()).rejects.toMatchObject({ code: "NO_CONTROLLER" });
  const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
  let answer = "";
  const dying = await impostor((socket) => {
    if (answer === "") socket.destroy();
    else socket.write(answer, () => socket.destroy());
  });
  await expect(dying.status()).rejects.toMatchObject({ code: "NO_CONTROLLER" });
  answer = `${head}{"app":`;
  await expect(dying.status()).rejects.toMatchObject({ code: "NO_CONTROLLER" });
  answer = `${head}{"replica":"1-1","revision":1,"text":"one"}\n`;
  const lines: LogLine[] = [];
  const read = async () => {
    for await (const line of dying.logs(all, new AbortController().signal)) lines.push(line);
  };
  await expect(read()).rejects.toMatchObject({ code: "NO_CONTROLLER" });
  expect(lines.map((l) => l.text)).toEqual(["one"]);
});

test("the status waits for a newer version, and no longer than it takes", async () => {
  const { client, bed } = await served();
  const { version } = await client.status();
  let answered = false;
  const news = client.status(version).finally(() => {
    answered = true;
  });
  await client.history();
  expect(answered).toBe(false);
  await bed.operations.settings.scale({ replicas: 3, by: "alice" });
  const status = await news;
  expect(status.version).toBeGreaterThan(version);
  expect(status.desired.replicas).toBe(3);
  expect((await client.status(version)).version).toBeGreaterThanOrEqual(status.version);
});

test("who waits for news of the controller before this one is answered at once", async () => {
  const { client, bed } = await served();
  const { version } = await client.status();
  await bed.stop();
  const status = await client.status(version + 1000, AbortSignal.timeout(5000));
  expect(status.app).toBe("shop");
});

test("a client that leaves while it waits is not waited for", async () => {
  const { client, bed } = await served();
  const { version } = await client.status();
  await bed.stop();
  const stop = new AbortController();
  const waits = client.status(version, stop.signal);
  await client.history();
  stop.abort();
  await expect(waits).rejects.toThrow("abort");
  expect(await client.status()).toMatchObject({ app: "shop" });
});

test("logs come line by line, and the engine is asked no more once the client leaves", async () => {
  const { client, bed } = await served();
  let signalled: AbortSignal | null = null;
  let ended = false;
  bed.engine.logs = async function* (query, signal) {
    signalled = signal;
    try {
      yield { replica: "1-1", revision: 1, text: `follow ${query.follow}` };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    } finally {
      ended = true;
    }
  };
  const stop = new AbortController();
  const lines = client.logs({ ...all, follow: true }, stop.signal);
  expect((await lines.next()).value).toMatchObject({ text: "follow true" });
  expect(ended).toBe(false);
  await lines.return(undefined);
  await eventually("the engine's reader has ended", () => ended);
  expect(signalled).toMatchObject({ aborted: true });
});

test("a slow reader of logs is waited for instead of filling the memory", async () => {
  const { client, bed } = await served();
  let made = 0;
  bed.engine.logs = async function* (_query, signal) {
    while (!signal.aborted && made < 5000) {
      made += 1;
      yield { replica: "1-1", revision: 1, text: "x".repeat(10_000) };
    }
  };
  const stop = new AbortController();
  const lines = client.logs({ ...all, follow: true }, stop.signal);
  await lines.next();
  // Other requests are answered meanwhile; each gives the reader's side time to run ahead.
  let before = -1;
  await eventually("it stands still", async () => {
    const still = made === before;
    before = made;
    for (let n = 0; n < 10; n += 1) await client.history();
    return still;
  });
  expect(made).toBeLessThan(5000);
  await lines.return(undefined);
});

test("letters that fall between two pieces of an answer stay whole", async () => {
  const line = Buffer.from(
    `${JSON.stringify({ replica: "1-1", revision: 1, text: "grün – ☃" })}\n`,
  );
  const bytes = async function* () {
    for (const byte of line) {
      yield Buffer.from([byte]);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const server = createServer((_request, response) => {
    Readable.from(bytes()).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new ControllerClient(socketPath);
  closing.push(() => client.close());
  const texts: string[] = [];
  for await (const { text } of client.logs(all, new AbortController().signal)) texts.push(text);
  expect(texts).toEqual(["grün – ☃"]);
});

test("logs that cannot be asked for, or break off in the engine, are errors and not silence", async () => {
  const { client, bed } = await served();
  const read = async (query: LogQuery) => {
    for await (const _ of client.logs(query, AbortSignal.timeout(5000)));
  };
  await expect(read({ ...all, tail: 1.5 })).rejects.toMatchObject({ code: "BAD_INPUT" });
  bed.engine.logs = async function* () {
    yield { replica: "1-1", revision: 1, text: "one" };
    throw new Error("the disk is gone");
  };
  await expect(read(all)).rejects.toMatchObject({ code: "NO_CONTROLLER" });
});

test("down is answered before it is done", async () => {
  const { client, asked } = await served();
  await client.down({ by: "alice" });
  await eventually("asked", () => asked.length === 1);
});

test("down is done although who asked for it did not wait for the answer", async () => {
  const { bed, client, asked } = await served();
  const addAudit = bed.store.addAudit.bind(bed.store);
  let goOn: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let noting = false;
  bed.store.addAudit = async (entry) => {
    noting = true;
    await gone;
    await addAudit(entry);
  };
  const request = httpRequest({
    socketPath,
    path: "/down",
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  const closed = new Promise((resolve) =>
    request.on("error", () => request.once("close", resolve)),
  );
  request.end(JSON.stringify({ by: "alice" }));
  await eventually("it is noted", () => noting);
  request.destroy();
  await closed;
  // The controller has seen the connection end when it answers somebody who came later.
  await client.status();
  goOn();
  await eventually("asked", () => asked.length === 1);
});

test("the socket file that a killed controller left behind is replaced", async () => {
  const script = "require('net').createServer().listen(process.argv[1], () => console.log('up'))";
  const child = spawn(process.execPath, ["-e", script, socketPath]);
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect((await stat(socketPath)).isSocket()).toBe(true);
  const { client } = await served();
  expect(await client.status()).toMatchObject({ app: "shop" });
});

test("listens again when its socket was removed, the folder too", async () => {
  const { client } = await served();
  const news = client.status((await client.status()).version);
  await rm(dirname(socketPath), { recursive: true });
  await eventually("it is there again", () => existsSync(socketPath));
  expect(await client.status()).toMatchObject({ app: "shop" });
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  // Who was connected was not cut off.
  const other = new ControllerClient(socketPath);
  await other.scale({ replicas: 3, by: "alice" });
  expect(await news).toMatchObject({ app: "shop" });
  await other.close();
  await eventually("it is said", () => events.at(-1)?.includes("was gone") ?? false);
});

test("refuses every change while everything is being stopped, and says by whom", async () => {
  const { client } = await served();
  await client.down({ by: "alice" });
  const refused = { code: "REFUSED", message: expect.stringContaining("is being stopped: alice") };
  await expect(client.scale({ replicas: 3, by: "bob" })).rejects.toMatchObject(refused);
  await expect(client.release(releaseBody())).rejects.toMatchObject(refused);
  await expect(client.restart({ by: "bob" })).rejects.toMatchObject(refused);
  // A second one stops the same.
  await client.down({ by: "carol" });
});
