import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { appFile, Bench, eventually, revisionOf } from "./fixtures/bench.ts";

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

afterEach(() => bench.close());

const shell = `${process.execPath} ${appFile}; true`;

it("hears SIGTERM only after every worker acknowledged that it gets no requests", async () => {
  const replica = await bench.ready();
  bench.onWithdraw = async () => {
    await eventually("draining is saved", () => bench.saved?.phase === "draining");
    expect(bench.journal()).toEqual(["listening"]);
  };
  let open = 2;
  bench.requests = () => {
    if (!bench.calls.includes("withdrawn")) throw new Error("asked too early");
    expect(bench.journal()).toEqual(["listening"]);
    open = Math.max(0, open - 1);
    return open;
  };
  bench.calls.length = 0;
  await replica.stop();
  expect(bench.calls).toEqual([
    "save draining",
    "withdraw",
    "withdrawn",
    "save draining",
    "save draining",
    "save gone",
  ]);
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
  expect(replica.view()).toMatchObject({ state: "stopped", lastExit: { kind: "code", code: 0 } });
  expect(bench.leftovers()).toBe(0);
  expect(bench.exits).toEqual([]);
});

it("cuts off what is in flight when the drain budget is over", async () => {
  const replica = await bench.ready(revisionOf({ drain: { timeoutSeconds: 0.2 } }));
  bench.requests = () => 3;
  await replica.stop();
  expect(bench.calls).toContain("cut");
  expect(bench.events).toContain("replica 1-1: cut off 3 requests after 0.2 s");
});

it("goes on after the drain budget, and not before, when no proxy says what is in flight", async () => {
  const replica = await bench.ready(revisionOf({ drain: { timeoutSeconds: 1 } }));
  bench.requests = () => {
    throw new Error("away");
  };
  const began = performance.now();
  await replica.stop();
  expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
});

it("counts as withdrawn when that was acknowledged, and not before", async () => {
  const replica = await bench.ready();
  let acknowledge = (): void => {};
  bench.onWithdraw = () => new Promise((resolve) => (acknowledge = resolve));
  const stopped = replica.stop();
  await eventually("withdraws", () => bench.calls.includes("withdraw"));
  // Long enough for whoever does not wait for it to go on.
  await delay(200);
  expect(bench.saved?.drain?.withdrawnAt).toBeNull();
  acknowledge();
  await stopped;
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
});

it("waits for the drain delay before it looks at what is in flight", async () => {
  const replica = await bench.ready(revisionOf({ drain: { delaySeconds: 1 } }));
  const began = performance.now();
  let asked = Number.POSITIVE_INFINITY;
  bench.requests = () => {
    asked = Math.min(asked, performance.now() - began);
    return 0;
  };
  await replica.stop();
  expect(asked).toBeGreaterThanOrEqual(1000);
});

it("passes the stop signal through a shell", async () => {
  const replica = await bench.ready(revisionOf({ run: { command: shell, stopSignal: "SIGUSR2" } }));
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", "SIGUSR2"]);
  expect(bench.leftovers()).toBe(0);
});

it("sends the stop signal of a list to the leader alone, which passes on what it likes", async () => {
  const script = `trap 'kill -USR2 $!' TERM; ${process.execPath} ${appFile} & wait; wait`;
  const replica = await bench.ready(revisionOf({ run: { command: ["/bin/sh", "-c", script] } }));
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", "SIGUSR2"]);
  expect(bench.leftovers()).toBe(0);
});

it("sends the stop signal to those that the leader of a list leaves behind", async () => {
  const command = ["/bin/sh", "-c", `trap 'exit 0' TERM; ${process.execPath} ${appFile} & wait`];
  const replica = await bench.ready(revisionOf({ run: { command } }));
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
  expect(bench.leftovers()).toBe(0);
});

it("kills the group of an app that ignores SIGTERM when the grace is over", async () => {
  const replica = await bench.ready(
    revisionOf({
      run: { command: shell },
      config: { ON_TERM: "ignore" },
      drain: { terminationGracePeriodSeconds: 0.3 },
    }),
  );
  const before = Date.now();
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", "SIGTERM"]);
  expect(Date.now() - before).toBeGreaterThanOrEqual(290);
  expect(bench.leftovers()).toBe(0);
});

it("runs preStop before the stop signal, inside the grace period", async () => {
  const command = ["/bin/sh", "-c", 'echo "preStop $PORT" >> "$JOURNAL"; sleep 0.3'];
  const replica = await bench.ready(
    revisionOf({
      config: { ON_TERM: "ignore" },
      drain: { preStop: { kind: "exec", command }, terminationGracePeriodSeconds: 0.6 },
    }),
  );
  const { port } = replica.record;
  const before = Date.now();
  await replica.stop();
  expect(bench.journal()).toEqual(["listening", `preStop ${port}`, "SIGTERM"]);
  expect(Date.now() - before).toBeGreaterThanOrEqual(590);
  expect(Date.now() - before).toBeLessThan(880);
});
