import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { defaultFront, type FrontSettings } from "@hitless/core";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  openClient,
  openPlane,
  rawRequest,
  rawUpstream,
  tableOf,
  temporaryFolder,
  upstream,
} from "../testing/proxy-harness.ts";
import type { ProxyTimeouts } from "../timeouts.ts";
import type { Front } from "./front.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const request = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
const last = "GET /a HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/** A plane in front of one replica, which answers each complete request with what it got. */
async function openFront(
  settings: Partial<FrontSettings>,
  timeouts: Partial<ProxyTimeouts> = {},
  options: ConstructorParameters<typeof Front>[0] = {},
) {
  const seen = { text: "", connections: 0 };
  const replica = await rawUpstream(cleanup, (socket, received) => {
    seen.text = received;
    seen.connections += 1;
    if (received.includes("/silent")) return;
    if (received.endsWith("\r\n\r\n")) socket.write(ok);
  });
  const { plane, port } = await openPlane(cleanup, timeouts, options);
  const apply = (front: Partial<FrontSettings>) =>
    plane.apply({ ...tableOf(upstream("1-1", replica)), front: { ...defaultFront, ...front } });
  apply(settings);
  return { plane, port, seen, apply };
}

const headerIn = (text: string, name: string) =>
  text.split("\r\n").filter((line) => line.toLowerCase().startsWith(`${name}:`));

test("a replica hears from the proxy who asked, and each request has an id", async () => {
  const { port, seen } = await openFront({});
  const forged = "X-Forwarded-For: 6.6.6.6\r\nX-Request-Id: mine\r\nForwarded: for=6.6.6.6\r\n";
  await rawRequest(port, last.replace("Connection", `${forged}Connection`));
  const first = headerIn(seen.text, "x-request-id");
  expect(headerIn(seen.text, "x-forwarded-for")).toEqual(["X-Forwarded-For: 127.0.0.1"]);
  expect(headerIn(seen.text, "x-forwarded-host")).toEqual(["X-Forwarded-Host: shop"]);
  expect(headerIn(seen.text, "x-forwarded-proto")).toEqual(["X-Forwarded-Proto: http"]);
  expect(seen.text).not.toContain("6.6.6.6");
  const answer = await rawRequest(port, last);
  const [, ...second] = headerIn(seen.text, "x-request-id");
  expect([first.length, second.length]).toEqual([1, 1]);
  expect(second).not.toEqual(first);
  expect(answer.toLowerCase()).not.toContain("x-request-id");
});

test("a proxy that is trusted is believed, on a connection that is open too, and no longer than that", async () => {
  const { port, seen, apply } = await openFront({});
  const client = openClient(cleanup, port);
  const lines = "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Request-Id: id-7\r\n";
  const ask = async (n: number) => {
    client.send(request.replace("/a", `/${n}`).replace("\r\n\r\n", `\r\n${lines}\r\n`));
    await eventually(() => client.received.split("ok").length === n + 1);
    const said = seen.text.slice(seen.text.lastIndexOf(`GET /${n} `));
    return ["x-forwarded-for", "x-forwarded-proto", "x-request-id"].flatMap((h) =>
      headerIn(said, h),
    );
  };
  expect((await ask(1))[0]).toBe("X-Forwarded-For: 127.0.0.1");
  apply({ trustedProxies: ["127.0.0.0/8"] });
  expect(await ask(2)).toEqual([
    "X-Forwarded-For: 9.9.9.9, 127.0.0.1",
    "X-Forwarded-Proto: https",
    "X-Request-Id: id-7",
  ]);
  apply({});
  expect((await ask(3)).slice(0, 2)).toEqual([
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-Proto: http",
  ]);
});

test("the access log has every request, whoever answered it", async () => {
  const accessLog = join(await temporaryFolder(cleanup), "access.log");
  const settings = { accessLog: true, trustedProxies: ["127.0.0.1"] };
  const { plane, port, apply } = await openFront(settings, {}, { accessLog });
  await rawRequest(
    port,
    last.replace(
      "Host",
      "X-Forwarded-For: 9.9.9.9\r\nX-Request-Id: id-1\r\nUser-Agent: me\r\nHost",
    ),
  );
  const unread = await rawRequest(port, "GET /b HTTP/1.1\r\n\r\n");
  const impatient = openClient(cleanup, port);
  impatient.send(request.replace("/a", "/silent"));
  await eventually(() => plane.status().inFlight["1-1"] === 1);
  impatient.socket.resetAndDestroy();
  await eventually(() => plane.clients.size === 0);
  plane.apply({ ...tableOf(), front: { ...defaultFront, ...settings } });
  const nobody = await rawRequest(port, last.replace("/a", "/nobody"));
  apply({});
  await rawRequest(port, last.replace("/a", "/off"));
  await eventually(async () =>
    (await readFile(accessLog, "utf8").catch(() => "")).includes("/nobody"),
  );
  const lines = (await readFile(accessLog, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      client: "9.9.9.9",
      id: "id-1",
      method: "GET",
      target: "/a",
      host: "shop",
      userAgent: "me",
      status: 200,
      bytes: expect.any(Number),
      revision: 1,
      replica: "1-1",
      reason: null,
      retries: 0,
    },
    { client: "127.0.0.1", id: null, target: null, status: 400, reason: "bad-host" },
    { target: "/silent", status: null, reason: "abandoned", replica: "1-1", bytes: 0 },
    { target: "/nobody", status: 503, reason: "no-replica", replica: null },
  ]);
  expect(lines[0].bytes).toBeGreaterThan(ok.length);
  expect(lines).toHaveLength(4);
  expect(headerIn(nobody, "x-request-id")).toEqual([`X-Request-Id: ${lines[3].id}`]);
  expect(nobody).toMatch(new RegExp(`\\nrequest id: ${lines[3].id}\\n$`));
  for (const answer of [nobody, unread]) {
    const date = Date.parse(headerIn(answer, "date")[0]?.slice("Date: ".length) ?? "");
    expect(Math.abs(Date.now() - date)).toBeLessThan(60_000);
  }
  expect(unread.toLowerCase()).not.toContain("request id");
  expect(headerIn(unread, "x-request-id")).toEqual([]);
});

test("a body that comes too slowly is refused, and one that came in time is not", async () => {
  const { port } = await openFront({}, { bodyGraceMs: 200 });
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
  const slow = openClient(cleanup, port);
  slow.send(`${post}x`);
  const dripping = setInterval(() => slow.send("x"), 20);
  cleanup.add(() => clearInterval(dripping));
  const paused = openClient(cleanup, port);
  paused.send(`${post}${"x".repeat(900)}`);
  const later = openClient(cleanup, port);
  later.send(post);
  expect(await slow.rest()).toContain("X-Hitless-Reason: body-timeout");
  paused.send(`${"x".repeat(96)}\r\n\r\n`);
  later.send(`${"x".repeat(996)}\r\n\r\n`);
  await paused.until("200 OK");
  await later.until("200 OK");
});

test("a body that is too long is refused: before anything is sent, or as soon as it is", async () => {
  const { port, seen } = await openFront({ maxBodyBytes: 100 });
  const post = (lines: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
  const long = await rawRequest(port, `${post("Content-Length: 101")}${"x".repeat(101)}`);
  expect(long).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\nX-Hitless-Reason: body-too-large/);
  expect(long).toContain("Connection: close");
  expect(seen.connections).toBe(0);
  const chunked = openClient(cleanup, port);
  chunked.send(post("Transfer-Encoding: chunked"));
  for (let i = 0; i < 3; i += 1) chunked.send(`28\r\n${"x".repeat(40)}\r\n`);
  expect(await chunked.rest()).toContain("X-Hitless-Reason: body-too-large");
  const right = `${post("Content-Length: 100\r\nConnection: close")}${"x".repeat(96)}\r\n\r\n`;
  expect(await rawRequest(port, right)).toContain("200 OK");
});

test("over the limit who waits makes room for who asks; when all are busy the newcomer is told", async () => {
  const { plane, port } = await openFront({ maxConnections: 2 });
  const silent = openClient(cleanup, port);
  const idle = openClient(cleanup, port);
  idle.send(request);
  await idle.until("ok");
  await eventually(() => plane.clients.size === 2);
  const first = openClient(cleanup, port);
  first.send(request.replace("/a", "/silent"));
  await eventually(() => plane.status().inFlight["1-1"] === 1);
  expect(await silent.rest()).toBe("");
  expect(idle.ended).toBe(false);
  const second = openClient(cleanup, port);
  second.send(request.replace("/a", "/silent"));
  await eventually(() => plane.status().inFlight["1-1"] === 2);
  expect(idle.ended).toBe(true);
  const refused = await rawRequest(port, request);
  expect(refused).toMatch(
    /^HTTP\/1\.1 503 Service Unavailable\r\nX-Hitless-Reason: too-many-connections/,
  );
  expect(plane.status().answeredByProxy).toEqual({ "too-many-connections": 1 });
  first.socket.resetAndDestroy();
  await eventually(() => plane.front.admission.size === 1);
  expect(await rawRequest(port, last)).toContain("200 OK");
});

test("an answer that nobody takes keeps no connection, though it is complete", async () => {
  const large = Buffer.alloc(24 * 1024 * 1024, "x");
  const replica = await rawUpstream(cleanup, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`);
    socket.write(large);
  });
  const { plane, port } = await openPlane(cleanup, { bodyIdleMs: 300, tickMs: 50 });
  plane.apply(tableOf(upstream("1-1", replica)));
  const client = openClient(cleanup, port);
  client.socket.pause();
  client.send(request);
  await eventually(() => plane.status().inFlight["1-1"] === 1);
  await eventually(() => plane.clients.size === 0);
});

test("how long an answer and a pause may take is as the newest table says", async () => {
  const sockets: Socket[] = [];
  const replica = await rawUpstream(cleanup, (socket, received) => {
    if (/^GET .*\r\n\r\n$|xyz$/s.test(received)) sockets.push(socket);
  });
  const { plane, port } = await openPlane(cleanup);
  const apply = (seconds: number) => {
    const front = { responseTimeoutSeconds: seconds, bodyIdleTimeoutSeconds: seconds };
    plane.apply({ ...tableOf(upstream("1-1", replica)), front: { ...defaultFront, ...front } });
  };
  const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nx";
  apply(0.06);
  expect(await rawRequest(port, last)).toContain("X-Hitless-Reason: response-timeout");
  expect(await rawRequest(port, post)).toContain("X-Hitless-Reason: body-timeout");
  apply(600);
  const slow = openClient(cleanup, port);
  slow.send(last);
  const paused = openClient(cleanup, port);
  paused.send(post);
  await eventually(() => plane.status().inFlight["1-1"] === 2);
  const since = plane.tickNow;
  await eventually(() => plane.tickNow > since + 500);
  paused.send("yz");
  await eventually(() => sockets.length === 3);
  for (const socket of sockets) socket.write(ok);
  expect(await slow.rest()).toContain("200 OK");
  expect(await paused.rest()).toContain("200 OK");
  plane.apply(tableOf(upstream("1-1", replica)));
  expect(plane.timeouts).toMatchObject({ responseHeadMs: 60_000, bodyIdleMs: 30_000 });
});
