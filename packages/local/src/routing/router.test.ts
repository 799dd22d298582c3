import { request } from "node:http";
import { connectProxy } from "@hitless/proxy";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identify, isAlive } from "../processes/process-identity.ts";
import { eventually } from "../replicas/fixtures/bench.ts";
import { RouterBeds } from "./fixtures/router-bed.ts";

let beds: RouterBeds;
beforeEach(async () => {
  beds = await RouterBeds.make();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await beds.close();
});

test("a push resolves only when every worker has acknowledged the table", async () => {
  const bed = await beds.open();
  const { upstream } = await beds.slowApp();
  bed.replicas = [upstream];
  const [worker] = await beds.workers();
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
  expect((await beds.workers())[0]).toMatchObject({ ruleGeneration: 1 });
});

test("a replica counts as routed until its withdrawal is acknowledged", async () => {
  const bed = await beds.open();
  const { upstream } = await beds.slowApp();
  bed.replicas = [upstream];
  await bed.router.push();
  const [worker] = await beds.workers();
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  bed.replicas = [];
  const withdrawn = bed.router.push();
  const other = await connectProxy(beds.socketPath);
  expect(bed.router.isRouted("1-1")).toBe(true);
  process.kill(worker?.pid ?? 0, "SIGCONT");
  await withdrawn;
  expect(bed.router.isRouted("1-1")).toBe(false);
  await other?.close();
});

test("a push that comes right after the one before it was acknowledged is not forgotten", async () => {
  const bed = await beds.open();
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
  const bed = await beds.open();
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
  const bed = await beds.open();
  const { upstream, waiting } = await beds.slowApp();
  bed.replicas = [upstream];
  await bed.router.push();
  const port = await beds.clientPort();
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
  const bed = await beds.open();
  await bed.router.push();
  const first = bed.router.holderPid ?? 0;
  const [worker] = await beds.workers();
  process.kill(first, "SIGKILL");
  process.kill(worker?.pid ?? 0, "SIGKILL");
  const { upstream } = await beds.slowApp();
  bed.replicas = [upstream];
  bed.generation = 2;
  await bed.router.push();
  expect(bed.router.holderPid).not.toBe(first);
  expect((await beds.workers())[0]).toMatchObject({ ruleGeneration: 2 });
  expect(bed.router.isRouted("1-1")).toBe(true);
});

test("a table that cannot be handed over is tried again, and the same trouble is told once", async () => {
  const bed = await beds.open();
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
  const bed = await beds.open();
  const [worker] = await beds.workers();
  process.kill(worker?.pid ?? 0, "SIGSTOP");
  const pushed = bed.router.push();
  const failed = expect(pushed).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
  await eventually("handed over", () => bed.generation === 1);
  await bed.router.abandon();
  await failed;
  await expect(bed.router.push()).rejects.toMatchObject({ code: "PROXY_UNREACHABLE" });
  process.kill(worker?.pid ?? 0, "SIGCONT");
  expect(await beds.workers()).toHaveLength(1);
});

test("a stop that comes while a new holder is started ends that one too", async () => {
  const bed = await beds.open();
  const first = bed.router.holderPid ?? 0;
  const [worker] = await beds.workers();
  process.kill(first, "SIGKILL");
  process.kill(worker?.pid ?? 0, "SIGKILL");
  await eventually("noticed", () => bed.router.holderPid === null);
  await bed.router.stop(1000);
  expect(await connectProxy(beds.socketPath)).toBeNull();
});

test("while it is away the proxy cannot be read or told to cut", async () => {
  const bed = await beds.open();
  const self = identify(bed.router.holderPid ?? 0);
  const [worker] = await beds.workers();
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
