import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type DrainReceipt, type ServeOptions, type Service, serve } from "./index.ts";

const quiet = {
  logger: null,
  signals: [],
  drainOnCrash: false,
  drain: { delayMs: 0, timeoutMs: 10_000, lingerMs: 0 },
} satisfies ServeOptions;

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function connected(service: Service): Promise<Socket> {
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  return connect(port, "127.0.0.1");
}

test("a logger, a route, and an error without words keep no drain from its end", async () => {
  const fails = () => {
    throw new Error("no");
  };
  const hung = withResolvers();
  const server = createServer(() => hung.resolve());
  const service = serve(server, {
    ...quiet,
    logger: { info: fails, warn: fails },
    route: fails,
    drain: { ...quiet.drain, timeoutMs: 30 },
    onShutdown: [
      { name: "wordless", run: () => Promise.reject(Object.create(null)) },
      { name: "last", run: () => {} },
    ],
  });
  const client = await connected(service);
  client.write("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
  await hung.promise;
  const receipt = await service.shutdown();
  expect(receipt.hooks.map(({ outcome }) => outcome)).toEqual(["failed", "done"]);
  expect(receipt.hung).toMatchObject([{ method: "GET", route: "/hang" }]);
});

test("drains once, also when whoever hears that it begins asks for it again", async () => {
  let hooks = 0;
  const service = serve(createServer(), {
    ...quiet,
    onShutdown: [{ name: "count", run: () => (hooks += 1) }],
  });
  let again: Promise<DrainReceipt> | undefined;
  service.draining.addEventListener("abort", () => {
    again = service.shutdown();
  });
  expect(await service.shutdown()).toBe(await again);
  expect(hooks).toBe(1);
});

test("a pipe that nobody reads does not hold up the end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hitless-app-pipe-"));
  folders.push(folder);
  const path = join(folder, "receipt");
  execFileSync("mkfifo", [path]);
  vi.stubEnv("HITLESS_RECEIPT", path);
  const said: string[] = [];
  const warn = (_: object, message: string) => said.push(message);
  const service = serve(createServer(), { ...quiet, logger: { info: () => {}, warn } });
  expect((await service.shutdown()).exitCode).toBe(0);
  expect(said).toEqual([expect.stringContaining(`cannot write ${path}: ENXIO`)]);
});

test("forgets the requests of a pipeline whose client has left", async () => {
  const arrived = withResolvers();
  let count = 0;
  const server = createServer(() => {
    count += 1;
    if (count === 3) arrived.resolve();
  });
  const service = serve(server, quiet);
  const client = await connected(service);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3));
  await arrived.promise;
  client.destroy();
  expect(await service.shutdown()).toMatchObject({ cut: 0, exitCode: 0 });
});

test("forgets an event stream whose client had left before it was begun", async () => {
  const over = withResolvers();
  const server = createServer((_, response) => {
    response.once("close", () => {
      const events = service.eventStream(response);
      expect([events.signal.aborted, events.send({ data: "late" })]).toEqual([true, false]);
      over.resolve();
    });
    client.destroy();
  });
  const service = serve(server, quiet);
  const client = await connected(service);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await over.promise;
  expect(await service.shutdown()).toMatchObject({ streams: { cut: 0 }, exitCode: 0 });
});

test("an event stream that its handler has ended is written to no more", async () => {
  const over = withResolvers();
  const server = createServer((_, response) => {
    const events = service.eventStream(response, { heartbeatMs: 1 });
    response.once("error", (error) => over.reject(error));
    response.end();
    expect(events.send({ data: "late" })).toBe(false);
    events.close();
    setTimeout(over.resolve, 10);
  });
  const service = serve(server, quiet);
  const client = await connected(service);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await over.promise;
  client.destroy();
  await service.shutdown();
});

test("counts a request once that a listener for checkContinue passes on", async () => {
  const draining = { ...quiet, drain: { ...quiet.drain, delayMs: 200 } };
  const server = createServer((_, response) => response.end());
  server.on("checkContinue", (request, response) => server.emit("request", request, response));
  const service = serve(server, draining);
  const client = await connected(service);
  client.resume();
  const ended = service.shutdown();
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
  expect(await ended).toMatchObject({ served: 1, finished: 1 });
});

test("what hangs on HTTP/2 is answered 503, too, and counts as cut alone", async () => {
  const arrived = withResolvers();
  const server = createHttp2Server(() => arrived.resolve());
  const service = serve(server, { ...quiet, drain: { ...quiet.drain, timeoutMs: 30 } });
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": "/hang" });
  const answer = once(stream, "response");
  await arrived.promise;
  expect(await service.shutdown()).toMatchObject({ cut: 1, finished: 0, exitCode: 1 });
  expect((await answer)[0]).toMatchObject({ ":status": 503 });
  session.destroy();
});

test("writes nothing of its own into events that the application has compressed", async () => {
  const service = serve(
    createServer((_, response) => {
      const head = { "Content-Type": "text/event-stream", "Content-Encoding": "gzip" };
      response.writeHead(200, head).write("compressed");
    }),
    quiet,
  );
  const client = await connected(service);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  let heard = "";
  client.on("data", (data) => {
    heard += String(data);
  });
  await expect.poll(() => heard).toContain("compressed");
  expect(await service.shutdown()).toMatchObject({ streams: { ended: 1, cut: 0 } });
  await expect.poll(() => heard).toMatch(/compressed\r\n0\r\n\r\n$/);
});

test("headers that come in pairs are answered while draining, too", async () => {
  const server = createServer((_, response) => {
    Reflect.apply(response.writeHead, response, [200, [["Connection", "keep-alive"]]]);
    response.end();
  });
  const service = serve(server, { ...quiet, drain: { ...quiet.drain, delayMs: 200 } });
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  const ended = service.shutdown();
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  await ended;
});

function withResolvers() {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
