import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { afterEach, expect, it, vi } from "vitest";
import { listProcesses, readIfPresent } from "../processes/process-table.ts";
import { exec } from "./exec.ts";
import { httpGet } from "./http-get.ts";
import { tcpSocket } from "./tcp-socket.ts";

const closers: (() => void)[] = [];
const { signal } = new AbortController();

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

async function serve(handler: Parameters<typeof createServer>[1]): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

function get(port: number, timeoutMs = 1000) {
  return httpGet({ port, path: "/ready", headers: { "X-A": "1" } }, { timeoutMs, signal });
}

it.each([
  { status: 200, body: "", ok: true, evidence: "GET /ready → 200" },
  { status: 302, body: "moved", ok: true, evidence: 'GET /ready → 302 "moved"' },
  { status: 399, body: "", ok: true, evidence: "GET /ready → 399" },
  { status: 400, body: "", ok: false, evidence: "GET /ready → 400" },
  { status: 503, body: "not\n  up", ok: false, evidence: 'GET /ready → 503 "not up"' },
  {
    status: 500,
    body: "x".repeat(200),
    ok: false,
    evidence: `GET /ready → 500 "${"x".repeat(80)}"`,
  },
])("takes HTTP $status for $ok", async ({ status, body, ...expected }) => {
  const server = await serve((_, response) => {
    response.writeHead(status, { Location: "/elsewhere" }).end(body);
  });
  expect(await get(portOf(server))).toEqual(expected);
});

it("asks over a connection of its own, under its own name", async () => {
  const seen: unknown[] = [];
  const server = await serve((request, response) => {
    const { host, connection, "user-agent": agent, "x-a": extra } = request.headers;
    seen.push({ host, connection, agent, extra });
    response.end();
  });
  const port = portOf(server);
  await get(port);
  expect(seen).toEqual([
    { host: `127.0.0.1:${port}`, connection: "close", agent: "hitless-probe", extra: "1" },
  ]);
});

it("does not wait for the end of a body that has none", async () => {
  const server = await serve((_, response) => {
    response.write("y".repeat(20_000));
  });
  expect(await get(portOf(server))).toMatchObject({ ok: true });
});

it("says when nothing answers in time, when nobody listens, and when it was called off", async () => {
  const server = await serve(() => {});
  expect(await get(portOf(server), 50)).toEqual({
    ok: false,
    evidence: "GET /ready → no answer within 50 ms",
  });
  const call = new AbortController();
  const asked = httpGet(
    { port: portOf(server), path: "/", headers: {} },
    { timeoutMs: 9000, signal: call.signal },
  );
  call.abort();
  expect(await asked).toEqual({ ok: false, evidence: "GET / → called off" });
  expect(await get(1)).toEqual({
    ok: false,
    evidence: "GET /ready → connect ECONNREFUSED 127.0.0.1:1",
  });
});

it("reports an answer that breaks off and a header that cannot be sent", async () => {
  const server = await serve((_, response) => {
    response.writeHead(200, { "Content-Length": 10 }).write("half");
    response.socket?.end();
  });
  expect(await get(portOf(server))).toMatchObject({ ok: false });
  const target = { port: portOf(server), path: "/", headers: { bad: "a\nb" } };
  expect(await httpGet(target, { timeoutMs: 1000, signal })).toMatchObject({ ok: false });
});

it("takes an open connection for success", async () => {
  const server = createTcpServer((socket) => socket.resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const port = portOf(server);
  const limits = { timeoutMs: 1000, signal };
  expect(await tcpSocket(port, limits)).toEqual({ ok: true, evidence: `TCP ${port} → open` });
  expect(await tcpSocket(1, limits)).toMatchObject({ ok: false });
});

function run(script: string, timeoutMs = 5000) {
  const target = { command: ["/bin/sh", "-c", script], cwd: tmpdir(), env: { A: "a" }, user: null };
  return exec(target, { timeoutMs, signal });
}

it("goes by the exit code of a command, in the replica's folder and environment", async () => {
  expect(await run('test "$A $PWD" = "a $(pwd)"')).toMatchObject({ ok: true });
  expect(await run("echo not yet; exit 3")).toEqual({
    ok: false,
    evidence: '/bin/sh -c echo not yet; exit 3 → exit 3 "not yet"',
  });
});

it("kills a command that takes too long, with its children", async () => {
  const mark = `60${process.pid}`;
  expect(await run(`sleep ${mark} & sleep ${mark}`, 100)).toMatchObject({ ok: false });
  const left = () =>
    listProcesses().filter(
      ({ pid, zombie }) => !zombie && readIfPresent(`/proc/${pid}/cmdline`)?.includes(mark),
    );
  await vi.waitFor(() => expect(left()).toEqual([]));
});

it("reports a command that does not exist", async () => {
  const target = { command: ["no-such-command"], cwd: tmpdir(), env: {}, user: null };
  expect(await exec(target, { timeoutMs: 1000, signal })).toEqual({
    ok: false,
    evidence: "no-such-command → spawn no-such-command ENOENT",
  });
});
