import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureProxy } from "../ensure-proxy.ts";
import { connectProxy, type ProxyClient, type ProxyStatus } from "../proxy-client.ts";
import type { Upstream } from "../table.ts";
import { defaultTimeouts, type ProxyTimeouts } from "../timeouts.ts";
import { acceptFrom } from "../worker/accepted-socket.ts";
import { DataPlane } from "../worker/data-plane.ts";
import { dial } from "../worker/dial.ts";
import { Front, type FrontOptions } from "../worker/front.ts";
import { FrontDoor } from "../worker/front-door.ts";

/** Things to take down when a test ends, last opened first. */
export class Cleanup {
  readonly #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "not everything was taken down");
  }
}

/** A fresh folder, removed with the test. */
export async function temporaryFolder(cleanup: Cleanup): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "hitless-proxy-"));
  cleanup.add(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A whole proxy, in a folder of its own and on a free port, all workers serving; stopped with the test. */
export async function openProxy(
  cleanup: Cleanup,
  {
    port = 0,
    workers = 1,
    timeouts = {},
  }: { port?: number; workers?: number; timeouts?: Partial<ProxyTimeouts> } = {},
): Promise<{ readonly proxy: ProxyClient; readonly folder: string; readonly socketPath: string }> {
  const folder = await temporaryFolder(cleanup);
  const socketPath = join(folder, "proxy.sock");
  const options = { stateDir: folder, socketPath, host: "127.0.0.1", port, workers, ...timeouts };
  const proxy = await ensureProxy(options);
  cleanup.add(async () => {
    let last = await connectProxy(socketPath);
    // One that died meanwhile has a successor.
    while (last !== null) {
      await last.stop({ timeoutMs: 100 }).catch(() => undefined);
      await last.close();
      last = await connectProxy(socketPath);
    }
  });
  return { proxy, folder, socketPath };
}

/** A connection to the proxy that runs there, closed with the test. */
export async function connected(cleanup: Cleanup, socketPath: string): Promise<ProxyClient> {
  const client = await connectProxy(socketPath);
  if (client === null) throw new Error(`no proxy runs on ${socketPath}`);
  cleanup.add(() => client.close());
  return client;
}

/** What the proxy says now, on a connection of its own; it must run. */
export async function statusOf(socketPath: string): Promise<ProxyStatus> {
  await using client = await connectProxy(socketPath);
  if (client === null) throw new Error(`no proxy runs on ${socketPath}`);
  return await client.status();
}

/** An app that always answers that. */
export function openApp(cleanup: Cleanup, answer: string): Promise<number> {
  return listenUpstream(
    cleanup,
    createHttpServer((_request, response) => response.end(answer)),
  );
}

/** An app that answers `quick`, and `/slow` with `finished` once it is told to finish. */
export async function openSlowApp(
  cleanup: Cleanup,
): Promise<{ readonly port: number; finish(): void }> {
  let slow: ServerResponse | null = null;
  const server = createHttpServer(({ url }, response) => {
    if (url === "/slow") slow = response;
    else response.end("quick");
  });
  const port = await listenUpstream(cleanup, server);
  return { port, finish: () => void slow?.end("finished") };
}

/** A request that is the only one on its connection. */
export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
}

/** A worker's data plane in this process, on a free port. */
export async function openPlane(
  cleanup: Cleanup,
  timeouts: Partial<ProxyTimeouts> = {},
  front: Partial<FrontOptions> = {},
): Promise<{ readonly plane: DataPlane; readonly port: number }> {
  const all = { ...defaultTimeouts, tickMs: 20, ...timeouts };
  const plane = new DataPlane(all, dial, new Front(front));
  return { plane, port: await openDoor(cleanup, plane) };
}

/** A door of that plane on a free port, which it returns; both are closed with the test. */
export async function openDoor(
  cleanup: Cleanup,
  plane: DataPlane,
  { host = "127.0.0.1", takeOver = acceptFrom } = {},
): Promise<number> {
  const door = new FrontDoor(plane, takeOver);
  await door.open(host, 0);
  cleanup.add(() => {
    door.close();
    for (const client of plane.clients) client.destroy();
    plane.close();
  });
  return door.port;
}

/** Listens on a free port and forgets nothing: every socket is destroyed with the test. */
export async function listenUpstream(
  cleanup: Cleanup,
  server: Server,
  host = "127.0.0.1",
): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  cleanup.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return portOf(server);
}

/** A raw upstream: `serve` gets each socket and all that came on it so far, at every piece. */
export function rawUpstream(
  cleanup: Cleanup,
  serve: (socket: Socket, received: string) => void,
): Promise<number> {
  const server = createServer((socket) => {
    let received = "";
    socket.on("data", (data: Buffer) => {
      received += data.toString("latin1");
      serve(socket, received);
    });
  });
  return listenUpstream(cleanup, server);
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function upstream(id: string, port: number, revision = 1): Upstream {
  return { id, revision, host: "127.0.0.1", port };
}

let generation = 0;

/** Routes by replica to these, with a newer generation each time. */
export function tableOf(...replicas: Upstream[]) {
  generation += 1;
  const revisions = [...new Set(replicas.map((one) => one.revision))];
  return {
    generation,
    ruleGeneration: generation,
    rule: { kind: "byReplica", revisions },
    replicas,
  } as const;
}

/** A client that sees bytes only. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  ended = false;
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (data: Buffer) => {
      this.received += data.toString("latin1");
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Resolves when what was received contains or matches that. */
  async until(expected: string | RegExp): Promise<void> {
    await eventually(() =>
      typeof expected === "string"
        ? this.received.includes(expected)
        : expected.test(this.received),
    );
  }

  /** Everything until the other side ended or broke the connection. */
  async rest(): Promise<string> {
    await eventually(() => this.ended || this.closed);
    this.socket.destroy();
    return this.received;
  }
}

export function openClient(cleanup: Cleanup, port: number): RawClient {
  const client = new RawClient(port);
  cleanup.add(() => client.socket.destroy());
  return client;
}

/** Sends one request on a connection of its own and returns all bytes until the end. */
export async function rawRequest(port: number, text: string): Promise<string> {
  const client = new RawClient(port);
  client.send(text);
  return client.rest();
}

/** Looks every 5 ms until it holds; fails after 10 s. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`never held: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves when no process has one of these ids, ended ones that nobody collected included. */
export async function untilGone(...pids: readonly number[]): Promise<void> {
  await eventually(() => pids.every((pid) => !exists(pid)));
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
