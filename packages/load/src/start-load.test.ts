import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { Cause } from "./cause.ts";
import type { LoadOptions } from "./load-options.ts";
import type { LoadReport } from "./load-report.ts";
import { startLoad } from "./start-load.ts";
import { answerText, type RawRequest, type RawServer, rawServer } from "./testing/raw-server.ts";
import { until } from "./testing/until.ts";

const good = JSON.stringify({ version: "1.0", pid: 7 });
const allKinds = { fresh: 1, keepalive: 1, post: 1 };

type Answer = (socket: Socket, request: RawRequest) => void;
type Misbehaviour = [Cause, string, Answer, Partial<LoadOptions>?];

const misbehaviours: Misbehaviour[] = [
  ["reset", "resets the connection", (socket) => socket.resetAndDestroy()],
  ["closed-early", "closes without an answer", (socket) => socket.end()],
  [
    "truncated",
    "closes inside a body of known length",
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"version"'),
  ],
  [
    "truncated",
    "closes inside a chunked body",
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n`),
  ],
  ["truncated", "closes inside the head", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le")],
  ["status-4xx", "answers 404", (socket) => socket.write(answerText("", "404 Not Found"))],
  [
    "status-5xx",
    "answers 503",
    (socket) => socket.write(answerText("", "503 Busy", "X-Hitless-Reason: no-replica\r\n")),
  ],
  ["wrong-body", "says nothing of itself", (socket) => socket.write(answerText('{"hello":1}'))],
  ["wrong-body", "answers no JSON", (socket) => socket.write(answerText("it works!"))],
  [
    "wrong-body",
    "echoes a wrong digest",
    (socket) => socket.write(answerText('{"version":"1.0","pid":7,"sha256":"00"}')),
    { mix: { post: 1 } },
  ],
  ["wrong-body", "answers twice", (socket) => socket.write(answerText(good) + answerText(good))],
  ["other", "redirects", (socket) => socket.write(answerText("", "302 Found"))],
  ["other", "does not speak HTTP", (socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n\r\n")],
  ["late", "never answers", () => {}, { lateAfterMs: 60 }],
  [
    "late",
    "never ends its answer",
    (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
    { lateAfterMs: 60 },
  ],
];

test.each(misbehaviours)(
  "counts %s, and nothing else, when a server %s",
  async (...[cause, , answer, options]) => {
    await using server = await rawServer(answer);
    const report = await loadUntilLost(server.url, { mix: allKinds, ...options });
    expect(onlyCauses(report)).toEqual({ [cause]: report.total.sent });
    expect(report.total.answered).toBe(0);
  },
);

test("counts refused, and nothing else, when nobody listens", async () => {
  const server = await rawServer(() => {});
  await server[Symbol.asyncDispose]();
  const report = await loadUntilLost(server.url, { mix: allKinds });
  expect(onlyCauses(report)).toEqual({ refused: report.total.sent });
});

test("counts closed-early when a kept-alive connection closes as its next request arrives", async () => {
  await using server = await rawServer((socket, { earlier }) => {
    if (earlier === 0) socket.write(answerText(good));
    else socket.end();
  });
  const report = await loadUntilLost(server.url, { mix: { keepalive: 1 } });
  expect(onlyCauses(report)).toEqual({ "closed-early": report.total.lost });
  expect(report.total.answered).toBeGreaterThan(0);
  expect(report.total.examples[0]?.detail).toBe("after 1 answer");
  expect(report.total.resetOnReused).toBe(report.total.lost);
});

test("tells a reset of a new connection from one of a connection that was used before", async () => {
  await using server = await rawServer((socket) => socket.resetAndDestroy());
  const { total } = await loadUntilLost(server.url, { mix: { keepalive: 1 } });
  expect(total.lostByCause.reset).toBeGreaterThan(0);
  expect(total.resetOnReused).toBe(0);
});

test("asks for the port of each new connection, and stays with it", async () => {
  const by = (version: string) => (socket: Socket) =>
    socket.write(answerText(JSON.stringify({ version, pid: 7 })));
  await using one = await rawServer(by("one"));
  await using two = await rawServer(by("two"));
  let connections = 0;
  const nextPort = () => Number(new URL(connections++ < 2 ? one.url : two.url).port);
  const { total } = await loadUntil(one, { nextPort, mix: { fresh: 1 } }, () => two.requests() > 2);
  expect(total.answersBy["one"]).toEqual({ 7: 2 });
  expect(total.answersBy["two"]?.["7"]).toBe(total.answered - 2);
});

test("counts no-connection when its own cap is reached", async () => {
  await using server = await rawServer(() => {});
  const report = await loadUntilLost(server.url, { maxConnections: 3, lateAfterMs: 300 });
  const causes = onlyCauses(report);
  expect(Object.keys(causes).sort()).toEqual(["late", "no-connection"]);
  expect(causes.late).toBeGreaterThanOrEqual(3);
});

test("names the status and the reason of a proxy", async () => {
  const answer = answerText("", "502 Bad Gateway", "X-Hitless-Reason: replica-died\r\n");
  await using server = await rawServer((socket) => socket.write(answer));
  const report = await loadUntilLost(server.url, {});
  expect(report.total.examples[0]).toMatchObject({
    cause: "status-5xx",
    detail: "502 replica-died",
  });
  expect(report.total.examples.length).toBeLessThanOrEqual(10);
  expect(report.total.lostByAnswer).toEqual({ "502 replica-died": report.total.lost });
});

test("tells who gave an answer that counts as lost, where its body says so", async () => {
  const body = JSON.stringify({ version: "2.0", revision: 4, pid: 7, error: "no" });
  const answer = answerText(body, "500 Internal Server Error");
  await using server = await rawServer((socket) => socket.write(answer));
  const { total } = await loadUntilLost(server.url, {});
  expect(total.lostBy).toEqual({ "2.0@4": total.lost });
  expect(total.answersBy).toEqual({});
});

test("gives each POST an id of its own, with the seed in it", async () => {
  const ids: (string | undefined)[] = [];
  await using server = await rawServer((socket, { text }) => {
    ids.push(/^X-Order-Id: (\d+-\d+)\r$/m.exec(text)?.[1]);
    socket.write(answerText(good));
  });
  const options = { mix: { post: 1 }, seed: 7, rate: 1000, expect: "any" } as const;
  const { total } = await loadUntil(server, options, () => ids.length > 300);
  expect(total.lost).toBe(0);
  expect(new Set(ids)).toEqual(new Set(ids.map((_, index) => `7-${index + 1}`)));
});

test("keeps its schedule while the server stalls, and counts latency from the scheduled time", async () => {
  const stalled: Socket[] = [];
  await using server = await rawServer((socket) => stalled.push(socket));
  await using load = startLoad({ url: server.url, rate: 200, expect: "any" });
  await until(() => load.snapshot().total.sent >= 100);
  expect(load.snapshot().total.answered).toBe(0);
  const stop = load.stop();
  await until(() => stalled.length === load.snapshot().total.sent);
  for (const socket of stalled) socket.end(answerText(good));
  const { total } = await stop;
  expect(Math.abs(total.sent - total.seconds * 200)).toBeLessThanOrEqual(2);
  expect(total.answered).toBe(total.sent);
  expect(total.latencyMs.max).toBeGreaterThanOrEqual(490);
  // Evenly spaced requests answered all at once waited evenly spaced times.
  expect(total.latencyMs.p50).toBeGreaterThan(200);
});

test("never sends a request twice", async () => {
  await using server = await rawServer((socket, { earlier }) => {
    if (earlier === 0) socket.write(answerText(good));
    else socket.resetAndDestroy();
  });
  const report = await loadUntilLost(server.url, { mix: { keepalive: 1, post: 1 }, expect: "any" });
  expect(report.total.lostByCause.reset).toBe(report.total.lost);
  expect(server.requests()).toBe(report.total.sent);
});

test("counts each request to the phase of its scheduled time", async () => {
  await using server = await rawServer((socket) => socket.write(answerText(good)));
  await using load = startLoad({ url: server.url, rate: 200, expect: "any", firstPhase: "before" });
  await until(() => load.snapshot().total.sent >= 20);
  load.phase("after");
  const before = load.snapshot().phases[0];
  await until(() => load.snapshot().phases.length === 2 && load.snapshot().total.sent >= 60);
  const report = await load.stop();
  expect(report.phases.map((phase) => phase.name)).toEqual(["before", "after"]);
  expect(report.phases[0]?.sent).toBe(before?.sent);
  expect(report.phases.reduce((sent, phase) => sent + phase.sent, 0)).toBe(report.total.sent);
  for (const phase of report.phases) {
    expect(Math.abs(phase.sent - phase.seconds * 200)).toBeLessThanOrEqual(2);
  }
});

test("says which version, process and config answered", async () => {
  const body = (pid: number) =>
    JSON.stringify({ version: "1.1", revision: 12, pid, config: { GREETING: "hi" } });
  let count = 0;
  await using server = await rawServer((socket) => {
    count += 1;
    socket.write(answerText(body(count % 2)));
  });
  const report = await loadUntil(server, { mix: { fresh: 1 } }, (now) => now.total.answered >= 10);
  const pids = report.total.answersBy["1.1@12"];
  expect(Object.keys(report.total.answersBy)).toEqual(["1.1@12"]);
  expect((pids?.["0"] ?? 0) + (pids?.["1"] ?? 0)).toBe(report.total.answered);
  expect(report.total.configValues).toEqual({ "GREETING=hi": report.total.answered });
});

test("opens a connection for every fresh request, though the server would keep it", async () => {
  const earlierOnes: number[] = [];
  await using server = await rawServer((socket, { earlier, text }) => {
    expect(text).toContain("Connection: close\r\n");
    earlierOnes.push(earlier);
    socket.write(answerText(good));
  });
  const report = await loadUntil(server, { mix: { fresh: 1 } }, (now) => now.total.answered >= 10);
  expect(earlierOnes).toEqual(Array.from({ length: report.total.sent }, () => 0));
});

test("reuses connections after varied idle times, never beyond the limit", async () => {
  const lastUse = new WeakMap<Socket, number>();
  const idleMs: number[] = [];
  await using server = await rawServer((socket) => {
    const last = lastUse.get(socket);
    if (last !== undefined) idleMs.push(performance.now() - last);
    lastUse.set(socket, performance.now());
    socket.write(answerText(good));
  });
  const options = { mix: { keepalive: 1 }, rate: 100, idleUpToMs: 800 };
  await loadUntil(server, options, () => idleMs.filter((ms) => ms > 300).length >= 10);
  expect(idleMs.some((ms) => ms < 50)).toBe(true);
  expect(Math.max(...idleMs)).toBeLessThan(1050);
});

test.each([
  [{ url: "https://127.0.0.1" }, /https/],
  [{ url: "nonsense" }, /nonsense/],
  [{ rate: 0 }, /rate must be a number above 0, not 0/],
  [{ mix: { fresh: 0 } }, /needs a weight above 0/],
])("refuses %j", (wrong, message) => {
  expect(() => startLoad({ url: "http://127.0.0.1:9", rate: 1, ...wrong })).toThrow(message);
});

async function loadUntilLost(url: string, options: Partial<LoadOptions>): Promise<LoadReport> {
  await using load = startLoad({ url, rate: 200, ...options });
  await until(() => load.snapshot().total.lost >= 12);
  return await load.stop();
}

async function loadUntil(
  server: RawServer,
  options: Partial<LoadOptions>,
  enough: (now: LoadReport) => boolean,
): Promise<LoadReport> {
  await using load = startLoad({ url: server.url, rate: 200, ...options });
  await until(() => enough(load.snapshot()));
  return await load.stop();
}

function onlyCauses(report: LoadReport): Partial<Record<Cause, number>> {
  return Object.fromEntries(
    Object.entries(report.total.lostByCause).filter(([, count]) => count > 0),
  );
}
