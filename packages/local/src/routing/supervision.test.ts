import { readFile } from "node:fs/promises";
import { connectProxy, readRecord, workerSocketPath } from "@hitless/proxy";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { identify, isAlive } from "../processes/process-identity.ts";
import { eventually } from "../replicas/fixtures/bench.ts";
import { hasErrno } from "../state/errno.ts";
import { ask } from "../testing/engine-bed.ts";
import { type Bed, RouterBeds } from "./fixtures/router-bed.ts";

/** Looks come faster than in earnest; not so fast that a process has no time to start. */
const watchEveryMs = 150;

let beds: RouterBeds;
beforeEach(async () => {
  beds = await RouterBeds.make();
});
afterEach(() => beds.close());

/** A router over a proxy that serves. */
async function serving() {
  const bed = await beds.open({ watchEveryMs });
  bed.replicas = [await beds.app((response) => response.end("served"))];
  await bed.router.push();
  const [worker] = await beds.workers();
  return {
    bed,
    port: await beds.clientPort(),
    holder: bed.router.holderPid ?? 0,
    worker: worker?.pid ?? 0,
  };
}

/** Asks all the time until it is ended; returns what went wrong. */
function asking(port: number): () => Promise<{ answers: number; wrong: readonly string[] }> {
  let on = true;
  let answers = 0;
  const wrong: string[] = [];
  const over = (async () => {
    while (on) {
      const { status, body } = await ask(port);
      answers += 1;
      if (status !== 200) wrong.push(`${status} ${body}`);
    }
  })();
  return async () => {
    on = false;
    await over;
    return { answers, wrong };
  };
}

async function succeeded(bed: Bed, holder: number): Promise<void> {
  const another = () => expect([null, holder]).not.toContain(bed.router.holderPid);
  await vi.waitFor(another, { timeout: 40_000 });
}

test("holder and worker note beside their sockets who they are, as long as they run", async () => {
  const { bed, holder, worker } = await serving();
  const workerPath = workerSocketPath(beds.socketPath, 0);
  expect(readRecord(beds.socketPath)).toEqual(identify(holder));
  expect(readRecord(workerPath)).toEqual(identify(worker));
  await bed.router.stop(100);
  expect([readRecord(beds.socketPath), readRecord(workerPath)]).toEqual([null, null]);
});

test("a holder that is stopped is ended, and its worker's next one commanded; nothing is lost", async () => {
  const { bed, port, holder, worker } = await serving();
  const end = asking(port);
  process.kill(holder, "SIGSTOP");
  await succeeded(bed, holder);
  await bed.router.push();
  const { answers, wrong } = await end();
  expect(wrong).toEqual([]);
  expect(answers).toBeGreaterThan(10);
  expect((await beds.workers()).map(({ pid }) => pid)).toEqual([worker]);
  expect(bed.events).toContain(`proxy: holder ${holder} did not answer for 30 s and was ended`);
});

test("a controller that starts beside a stopped holder opens, says so, and gets the next one; nothing is lost", async () => {
  const { bed, port, holder, worker } = await serving();
  await bed.router.abandon();
  const end = asking(port);
  process.kill(holder, "SIGSTOP");
  const next = await beds.open({ port, watchEveryMs });
  next.replicas = bed.replicas;
  const pushed = next.router.push();
  await eventually("said", async () => {
    const reason = await next.router.read().catch(String);
    return typeof reason === "string" && reason.includes(`holder ${holder} does not answer`);
  });
  await pushed;
  expect((await end()).wrong).toEqual([]);
  expect((await beds.workers()).map(({ pid }) => pid)).toEqual([worker]);
  expect(next.events).toContain(`proxy: holder ${holder} did not answer for 30 s and was ended`);
});

test("two that start beside a stopped holder whose worker is dead end up with one new proxy", async () => {
  const { bed, port, holder, worker } = await serving();
  await bed.router.abandon();
  process.kill(holder, "SIGSTOP");
  process.kill(worker, "SIGKILL");
  const routers = await Promise.all([1, 2].map(() => beds.open({ port, watchEveryMs })));
  for (const next of routers) {
    next.replicas = bed.replicas;
    await next.router.push();
  }
  expect(await ask(port)).toMatchObject({ status: 200, body: "served" });
  expect(new Set(routers.map(({ router }) => router.holderPid)).size).toBe(1);
  expect(routers.flatMap(({ events }) => events).join("\n")).not.toContain("is held by");
});

test("a holder whose workers do not start is ended for that, with the cause", async () => {
  const { bed, holder } = await serving();
  const self = identify(holder);
  let reason = "";
  const killing = killWorkersOf(holder);
  while (self !== null && isAlive(self)) {
    const said = await bed.router.read().catch(String);
    if (typeof said === "string" && said.includes("no worker serves")) reason = said;
    // Who kills the workers has to be quicker than they are at starting.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await killing;
  await bed.router.push();
  expect(await ask(await beds.clientPort())).toMatchObject({ status: 200, body: "served" });
  expect(reason).toContain("was ended by SIGKILL before it served");
  const told = bed.events.find((text) => text.startsWith(`proxy: holder ${holder} has no worker`));
  expect(told).toMatch(/worker \d+ was ended by SIGKILL before it served; it was ended$/);
});

/** All that there are and all that it starts, until it is gone itself. */
async function killWorkersOf(holder: number): Promise<void> {
  for (;;) {
    const path = `/proc/${holder}/task/${holder}/children`;
    const text = await readFile(path, "utf8").catch(() => null);
    if (text === null) return;
    for (const pid of text.split(" ").filter(Boolean)) killIfThere(Number(pid));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Its holder may have collected one that was killed before. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!hasErrno(error, "ESRCH")) throw error;
  }
}

test("a worker that is stopped and so starts no holder is ended, and another proxy started", async () => {
  const { bed, holder, worker } = await serving();
  process.kill(worker, "SIGSTOP");
  process.kill(holder, "SIGKILL");
  await succeeded(bed, holder);
  await bed.router.push();
  expect(await ask(await beds.clientPort())).toMatchObject({ status: 200, body: "served" });
  expect(bed.events).toContain(`proxy: worker ${worker} started no holder for 30 s and was ended`);
});

test("a stop ends a proxy whose holder is stopped", async () => {
  const { bed, port, holder, worker } = await serving();
  process.kill(holder, "SIGSTOP");
  const selves = [identify(holder), identify(worker)];
  await bed.router.stop(100);
  expect(selves.map((self) => self !== null && isAlive(self))).toEqual([false, false]);
  expect(await connectProxy(beds.socketPath)).toBeNull();
  expect(await ask(port)).toMatchObject({ status: 0 });
});
