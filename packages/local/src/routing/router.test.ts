import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectProxy, type Upstream } from "@hitless/proxy";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identify, isAlive } from "../processes/process-identity.ts";
import { eventually } from "../replicas/fixtures/bench.ts";
import { Router } from "./router.ts";

let dir = "";
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-router-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0).reverse()) await close();
  await rm(dir, { recursive: true, force: true });
});

interface Bed {
  readonly router: Router;
  readonly events: string[];
  replicas: readonly Upstream[];
  generation: number;
  /** Called before each generation is taken; may wait, may reject. */
  before: () => Promise<void>;
}

/** A router over a real proxy. */
async function openRouter(): Promise<Bed> {
  const bed: Bed = {
    router: new Router({
      stateDir: dir,
      socketPath: join(dir, "proxy.sock"),
      host: "127.0.0.1",
      port: 0,
      table: () => ({
        route: { generation: bed.generation, rule: { kind: "byReplica", revisions: [1] } },
        replicas: bed.replicas,
      }),
      nextGeneration: async () => {
        await bed.before();
        tables += 1;
        return tables;
      },
      inForce: () => undefined,
      changed: () => undefined,
      event: (text) => bed.events.push(text),
    }),
    events: [],
    replicas: [],
    generation: 1,
    before: async () => undefined,
  };
  let tables = 0;
  closing.push(async () => {
    bed.before = async () => undefined;
    const holder = await connectProxy(join(dir, "proxy.sock"));
    await bed.router.abandon();
    await holder?.stop({ timeoutMs: 100 });
  });
  await bed.router.open([]);
  return bed;
}

async function workers() {
  const client = await connectProxy(join(dir, "proxy.sock"));
  if (client === null) return [];
  try {
    return (await client.status()).workers;
  } finally {
    await client.close();
  }
}

/** An app that answers when it is told to. */
async function slowApp(): Promise<{ upstream: Upstream; waiting: ServerResponse[] }> {
  const waiting: ServerResponse[] = [];
  const server = createServer((_request, response) => waiting.push(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { upstream: { id: "1-1", revision: 1, host: "127.0.0.1", port }, waiting };
}

async function clientPort(): Promise<number> {
  const client = await connectProxy(join(dir, "proxy.sock"));
  const port = client?.port ?? 0;
  await client?.close();
  return port;
}

test("a push resolves only when every worker has acknowledged the table", async () => {
  const bed = await openRouter();
  const { upstream } = await slowApp();
  bed.replicas = [upstream];
  const [worker] = await workers();
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  let pushed = false;
  const done = bed.router.push().then(() => {
    pushed = true;
  });
  await eventually("on its way", () => bed.router.isRouted("1-1"));
  expect([pushed, bed.router.ruleGeneration]).toEqual([false, 0]);
  process.kill(worker?.pid ?? 0, "SIGCONT");
  await done;
  expect(bed.router.ruleGeneration).toBe(1);
  expect((await workers())[0]).toMatchObject({ ruleGeneration: 1 });
});

test("a replica counts as routed until its withdrawal is acknowledged", async () => {
  const bed = await openRouter();
  const { upstream } = await slowApp();
  bed.replicas = [upstream];
  await bed.router.push();
  const [worker] = await workers();
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  bed.replicas = [];
  const withdrawn = bed.router.push();
  const other = await connectProxy(join(dir, "proxy.sock"));
  expect(bed.router.isRouted("1-1")).toBe(true);
  process.kill(worker?.pid ?? 0, "SIGCONT");
  await withdrawn;
  expect(bed.router.isRouted("1-1")).toBe(false);
  await other?.close();
});

test("a push that comes right after the one before it was acknowledged is not forgotten", async () => {
  const bed = await openRouter();
  for (let hops = 0; hops <= 8; hops += 1) {
    let settled: Promise<unknown> = bed.router.push();
    for (let n = 0; n < hops; n += 1) settled = settled.then(() => undefined);
    bed.generation += 1;
    const wanted = bed.generation;
    const next = settled.then(() => bed.router.push());
    const late = new Promise((resolve) => setTimeout(resolve, 2000, "forgotten").unref());
    expect([hops, await Promise.race([next, late])]).toEqual([hops, undefined]);
    expect(bed.router.ruleGeneration).toBe(wanted);
  }
});

test("who asks for a newer table while an older one is handed over waits for the newer", async () => {
  const bed = await openRouter();
  const gates: (() => void)[] = [];
  bed.before = () => new Promise((resolve) => gates.push(resolve));
  const older = bed.router.push();
  await eventually("the older is on its way", () => gates.length === 1);
  let answered = false;
  const newer = bed.router.push().then(() => {
    answered = true;
  });
  gates[0]?.();
  await older;
  await eventually("the newer is on its way", () => gates.length === 2);
  expect(answered).toBe(false);
  gates[1]?.();
  await newer;
});

test("what is in flight is never older than the withdrawal that was acknowledged", async () => {
  const bed = await openRouter();
  const { upstream, waiting } = await slowApp();
  bed.replicas = [upstream];
  await bed.router.push();
  const port = await clientPort();
  // However quick all this is: answers do not get old.
  vi.spyOn(performance, "now").mockReturnValue(performance.now());
  expect((await bed.router.read()).inFlight["1-1"] ?? 0).toBe(0);
  const asked = request({ port, host: "127.0.0.1" }, (response) => response.resume());
  const answered = new Promise((resolve) => asked.once("close", resolve));
  asked.end();
  while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  bed.replicas = [];
  await bed.router.push();
  expect((await bed.router.read()).inFlight["1-1"]).toBe(1);
  waiting[0]?.end();
  await answered;
});

test("while the proxy is away a push waits, and finishes when there is another", async () => {
  const bed = await openRouter();
  await bed.router.push();
  const first = bed.router.holderPid ?? 0;
  const [worker] = await workers();
  process.kill(first, "SIGKILL");
  process.kill(worker?.pid ?? 0, "SIGKILL");
  const { upstream } = await slowApp();
  bed.replicas = [upstream];
  bed.generation = 2;
  await bed.router.push();
  expect(bed.router.holderPid).not.toBe(first);
  expect((await workers())[0]).toMatchObject({ ruleGeneration: 2 });
  expect(bed.router.isRouted("1-1")).toBe(true);
});

test("a table that cannot be handed over is tried again, and the same trouble is told once", async () => {
  const bed = await openRouter();
  let left = 3;
  bed.before = async () => {
    left -= 1;
    if (left >= 0) throw new Error("the disk is full");
  };
  await bed.router.push();
  expect(bed.events).toEqual(["proxy: the disk is full"]);
  left = 1;
  await bed.router.push();
  expect(bed.events).toHaveLength(2);
});

test("abandoning rejects what waits, leaves the proxy, and takes no more", async () => {
  const bed = await openRouter();
  const [worker] = await workers();
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  const pushed = bed.router.push();
  const failed = expect(pushed).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
  await eventually("handed over", () => bed.generation === 1);
  await bed.router.abandon();
  await failed;
  await expect(bed.router.push()).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
  process.kill(worker?.pid ?? 0, "SIGCONT");
  expect(await workers()).toHaveLength(1);
});

test("a stop that comes while a new holder is started ends that one too", async () => {
  const bed = await openRouter();
  const first = bed.router.holderPid ?? 0;
  const [worker] = await workers();
  process.kill(first, "SIGKILL");
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await eventually("noticed", () => bed.router.holderPid === null);
  await bed.router.stop(1000);
  expect(await connectProxy(join(dir, "proxy.sock"))).toBeNull();
});

test("while it is away the proxy cannot be read or told to cut", async () => {
  const bed = await openRouter();
  const self = identify(bed.router.holderPid ?? 0);
  const [worker] = await workers();
  // The next one cannot start while its folder is gone.
  bed.before = () => Promise.reject(new Error("later"));
  if (self === null) throw new Error("no holder");
  process.kill(worker?.pid ?? 0, "SIGKILL");
  process.kill(self.pid, "SIGKILL");
  await eventually("gone", () => !isAlive(self));
  await eventually("noticed", () => bed.router.holderPid !== self.pid);
  if (bed.router.holderPid === null) {
    await expect(bed.router.cut("1-1")).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
    await expect(bed.router.read()).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
  }
  bed.before = async () => undefined;
  await bed.router.push();
  expect((await bed.router.read()).workers).toHaveLength(1);
});
