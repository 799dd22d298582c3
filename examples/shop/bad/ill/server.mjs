// Gets ready and serves; what it then suffers from is in its config: ILL, and a figure beside it.
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as after } from "node:timers/promises";

const env = process.env;
const ill = env.ILL ?? "";
const identity = {
  app: "shop",
  version: ill === "" ? "well" : `bad-${ill}`,
  revision: env.HITLESS_REVISION ?? null,
  replica: env.HITLESS_REPLICA ?? null,
  pid: process.pid,
  config: { GREETING: env.GREETING ?? "hello", ILL: ill },
};
/** How long it is well, for illnesses that come with time. */
const afterMs = Number(env.AFTER_MS ?? 3000);
/** In its own folder: whoever starts again finds it. */
const deadNote = "dead.txt";
let ready = true;
let requestsThisSecond = 0;

/** By ILL: what happens to a request before it is answered; what it returns is the status. */
const onRequest = {
  errors: () => (Math.random() * 100 < Number(env.ERROR_PERCENT ?? 5) ? 500 : 200),
  slow: async () => {
    // One in five, so that the median stays what it was and p95 does not.
    if (Math.random() < 0.2) await after(Number(env.SLOW_MS ?? 100));
    return 200;
  },
  "crash-after-switch": () => {
    requestsThisSecond += 1;
    if (requestsThisSecond > Number(env.CRASH_ABOVE ?? 40)) throw new Error("out of connections");
    return 200;
  },
  silent: () => new Promise(() => {}),
};

/** By ILL: what begins with the process. */
const onStart = {
  "crash-after-switch": () => setInterval(() => (requestsThisSecond = 0), 1000),
  dead: () => {
    if (existsSync(deadNote)) throw new Error("the database is gone");
    setTimeout(() => {
      writeFileSync(deadNote, "");
      throw new Error("the database is gone");
    }, afterMs);
  },
  // Still listens and is still connected to, but nobody is there.
  hung: () =>
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), afterMs),
  flapping: () => setInterval(() => (ready = !ready), afterMs),
};

const probes = { "/startup": () => true, "/health": () => true, "/ready": () => ready };

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://shop");
  const probe = probes[pathname];
  if (probe !== undefined) return response.writeHead(probe() ? 200 : 503).end();
  const sha256 = await digestOf(request).catch(() => null);
  // The client went away in the middle of its request.
  if (sha256 === null) return response.destroy();
  if (pathname === "/slow") await after(Math.min(Number(searchParams.get("ms")) || 300, 60_000));
  const status = (await onRequest[ill]?.()) ?? 200;
  if (status !== 200) console.error(`${request.method} ${pathname} failed: ${ill}`);
  const answer = { ...identity, ...(status === 200 ? { sha256 } : { error: ill }) };
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
});

async function digestOf(request) {
  const digest = createHash("sha256");
  for await (const chunk of request) digest.update(chunk);
  return digest.digest("hex");
}

const address = { port: Number(env.PORT ?? 8080), host: env.HOST ?? "127.0.0.1", backlog: 4096 };
server.listen(address, () => console.log(`${identity.version} listens on port ${address.port}`));
onStart[ill]?.();
