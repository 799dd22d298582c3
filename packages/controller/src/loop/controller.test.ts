import { setImmediate as turn } from "node:timers/promises";
import { HitlessError } from "@hitless/core";
import { say } from "@hitless/core/testing";
import { expect, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";

test("persists what it will do before it does it, and the token after", async () => {
  await using bed = await ControllerBed.asked();
  await bed.start();
  await bed.settle();
  const acts = bed.calls.flatMap((call, at) => (call.endsWith(" save") ? [] : [at]));
  expect(acts.map((at) => bed.calls[at])).toContain("before scale");
  for (const at of acts) {
    expect(bed.calls[at - 1]).toBe("after save");
    expect(bed.calls.slice(at + 1, at + 3)).toEqual(["before save", "after save"]);
  }
  expect(bed.engine.levels().get(1)).toBe(2);
});

test("says what it does while the engine takes its time to accept it", async () => {
  await using bed = await ControllerBed.asked();
  const { watch } = bed.engine;
  const said: string[] = [];
  bed.engine.watch = (what) => {
    if (what.startsWith("before ")) said.push(`${what}: ${bed.controller.why.kind}`);
    return watch(what);
  };
  const before = Date.now();
  await bed.start();
  await bed.settle();
  expect(said[0]).toBe("before scale: scaling");
  expect(said).toContain("before route: routing");
  expect(bed.controller.whySince).toBeGreaterThanOrEqual(before);
  expect((await bed.texts("mutate")).length).toBe(said.length);
});

test("a measurement is no news: why, and since when, is the hold that it goes by", async () => {
  const strategy = { canary: { steps: [{ weight: 50, analysis: "1h" }] } };
  const metric = { command: "true", below: 1, interval: "100ms", errorLimit: 1000 };
  await using bed = await ControllerBed.settled({ strategy, analysis: [metric] });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody({ strategy, analysis: [metric] }));
  const measured = () => bed.controller.current.release?.analysis?.["command"]?.measured ?? 0;
  const said = () => JSON.stringify(bed.controller.why);
  await eventually("it lacks data", () => measured() > 0 && said().includes("no data"));
  const since = bed.controller.whySince;
  const kinds = new Set<string>();
  await eventually("it was measured again", () => {
    kinds.add(bed.controller.why.kind);
    return measured() > 4;
  });
  expect([...kinds]).toEqual(["held"]);
  expect(bed.controller.whySince).toBe(since);
  expect((await bed.texts("advance")).filter((text) => text.includes("measured"))).toEqual([]);
});

test("does nothing while the store cannot save, and goes on once it can", async () => {
  await using bed = await ControllerBed.asked();
  const { watch } = bed.store;
  let refused = 0;
  let full = true;
  bed.store.watch = (what) => {
    if (full) {
      refused += 1;
      throw new Error("the disk is full");
    }
    return watch(what);
  };
  await bed.start().catch(() => undefined);
  if (refused > 0) {
    // Already the take-up has to be durable.
    full = false;
    await bed.open();
    full = true;
    bed.run();
  }
  await eventually("it tried", async () => (await bed.texts("error")).length > 0);
  expect(bed.engine.replicas()).toHaveLength(0);
  expect(bed.controller.current.ordered).toBeNull();
  expect(bed.controller.why).toMatchObject({ kind: "failing", reason: "the disk is full" });
  full = false;
  await bed.settle();
  expect(bed.controller.why.kind).toBe("steady");
  expect(bed.engine.levels().get(1)).toBe(2);
});

test("an engine that refuses a mutation is asked again, and the same error is told once", async () => {
  await using bed = await ControllerBed.asked();
  const { watch } = bed.engine;
  let left = 2;
  bed.engine.watch = (what) => {
    if (what === "before scale" && left > 0) {
      left -= 1;
      throw new Error("no more processes");
    }
    return watch(what);
  };
  await bed.start();
  await bed.settle();
  expect(left).toBe(0);
  expect(await bed.texts("error")).toEqual(["INTERNAL: no more processes"]);
});

test("killed before or after any save or mutation, the next controller finishes the release", async () => {
  const points = ["before save", "after save", "before scale", "after scale", "after route"];
  const killedAt: string[] = [];
  for (const point of points) {
    for (let n = 1; await finishesWhenKilled(point, n); n += 1) killedAt.push(`${point} ${n}`);
  }
  expect(killedAt.length).toBeGreaterThan(25);
  expect(killedAt).toContain("after scale 2");
});

/** False when there is no such point in a release any more. */
async function finishesWhenKilled(point: string, n: number): Promise<boolean> {
  await using bed = await ControllerBed.settled();
  let left = n;
  const kill = (what: string) => {
    if (what !== point) return;
    left -= 1;
    if (left === 0) bed.kill();
  };
  const operations = bed.operations;
  bed.artifacts.digest = "second";
  const asked = operations.release(releaseBody());
  await asked;
  bed.store.watch = kill;
  bed.engine.watch = kill;
  await eventually(`${point} ${n}: ended or killed`, () => {
    const { release, pending } = bed.controller.current;
    return left <= 0 || (release === null && pending === null && isSteady(bed));
  });
  if (left > 0) return false;
  await bed.stop();
  await bed.start();
  await bed.settle();
  expect(bed.controller.current.stable, `${point} ${n}`).toBe(2);
  expect(Object.fromEntries(bed.engine.levels())).toMatchObject({ 2: 2 });
  expect(bed.engine.replicas().map((r) => r.revision)).toEqual([2, 2]);
  const history = await bed.store.history();
  expect(history.map((r) => [r.id, r.outcome])).toEqual([
    [1, "succeeded"],
    [2, "succeeded"],
  ]);
  return true;
}

function isSteady(bed: ControllerBed): boolean {
  return bed.controller.why.kind === "steady";
}

test("what was seen before an intent came is not acted on", async () => {
  await using bed = await ControllerBed.asked();
  const observe = bed.engine.observe.bind(bed.engine);
  let looks = 0;
  bed.engine.observe = async (app, needs, signal) => {
    const seen = await observe(app, needs, signal);
    looks += 1;
    if (looks === 1) {
      await bed.controller.transact((a) => say(a, "pause", Date.now()), { said: "pause by alice" });
    }
    return seen;
  };
  await bed.start();
  await eventually("it waits", () => bed.controller.why.kind === "paused");
  expect(bed.engine.levels().size).toBe(0);
  expect(await bed.texts("intent")).toEqual(["pause by alice"]);
});

test("a transition that refuses changes nothing and is thrown to its caller", async () => {
  await using bed = await ControllerBed.settled();
  const before = bed.controller.current;
  await expect(
    bed.controller.transact((a) => say(a, "abort", 1), { said: "abort" }),
  ).rejects.toMatchObject({
    code: "REFUSED",
  });
  expect(bed.controller.current).toBe(before);
  expect(bed.calls).toEqual([]);
});

test("what was persisted is accepted, also when the event log cannot be written", async () => {
  await using bed = await ControllerBed.settled();
  bed.store.failEvents = true;
  bed.artifacts.digest = "second";
  await expect(bed.operations.release(releaseBody())).resolves.toMatchObject({ kind: "started" });
  bed.store.failEvents = false;
  await bed.settle();
  expect(bed.controller.current.stable).toBe(2);
});

test("knows how long a revision must be ready before it acts on its release", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  await bed.open();
  const read = bed.store.revisions.bind(bed.store);
  const savedWhenRead: (number | null)[] = [];
  bed.store.revisions = async () => {
    savedWhenRead.push(bed.controller.current.release?.to ?? null);
    return read();
  };
  await bed.operations.restart({ by: "alice" });
  // The last reading, by `transact`, came before the release was there for the loop to see.
  expect(savedWhenRead.at(-1)).toBeNull();
});

test("a change in the engine wakes it at once, also while it looks", async () => {
  await using bed = await ControllerBed.settled();
  const observe = bed.engine.observe.bind(bed.engine);
  const looks: number[] = [];
  bed.engine.observe = async (app, needs, signal) => {
    const seen = await observe(app, needs, signal);
    looks.push(performance.now());
    // The loss comes after the look and before the sleep.
    if (looks.length === 1) bed.engine.kill(1);
    return seen;
  };
  await bed.controller.transact((app) => app, { said: "look" });
  await eventually("it has looked again", () => looks.length >= 2);
  expect((looks[1] ?? 0) - (looks[0] ?? 0)).toBeLessThan(900);
});

test("a mutation that would break an invariant is stopped before anything is saved or done", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  const app = await bed.store.load();
  if (app === null) throw new Error("nothing was saved");
  // A state that no transition makes: the revision that is kept warm is not stable and gets a level.
  const broken = {
    ...app,
    kept: [{ revision: 1, warm: true, until: Number.MAX_SAFE_INTEGER }],
    desired: { ...app.desired, replicas: 1 },
  };
  await bed.start(broken);
  await eventually("it says so", async () => (await bed.texts("error")).length > 0);
  expect(await bed.texts("error")).toEqual([
    expect.stringMatching(/^INVARIANT_BROKEN: .*4: revision 1 is kept warm/),
  ]);
  expect(bed.calls.filter((c) => c === "before scale")).toEqual([]);
  expect(bed.engine.levels().get(1)).toBe(2);
});

test("evidence that cannot be read holds nothing up", async () => {
  await using bed = await ControllerBed.settled();
  bed.engine.behave(2, { crashAfterMs: 3, neverReady: true });
  let read = 0;
  bed.engine.logs = async function* () {
    yield* [];
    read += 1;
    throw new Error("the log is gone");
  };
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await eventually("it looked at the log", () => read > 0);
  await bed.operations.intent(await bed.meant({ kind: "abort" }));
  await bed.settle();
  expect((await bed.store.history()).at(-1)).toMatchObject({ to: 2, outcome: "aborted" });
  expect(await bed.texts("error")).toEqual([]);
});

test("throws the revision away of a release that was aborted before anything was started", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  await bed.open();
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await bed.operations.intent(await bed.meant({ kind: "abort" }));
  expect(await bed.store.revisions()).toEqual([1, 2]);
  bed.run();
  await bed.settle();
  expect((await bed.store.history()).at(-1)).toMatchObject({ to: 2, outcome: "aborted" });
  expect(await bed.store.revisions()).toEqual([1]);
});

test("ends at once when asked to, and keeps no listener", async () => {
  await using bed = await ControllerBed.settled();
  const stop = new AbortController();
  const waits = bed.controller.changed(stop.signal);
  stop.abort();
  await waits;
  await bed.stop();
  const { version } = bed.controller;
  bed.engine.kill(1);
  await turn();
  expect(bed.controller.version).toBe(version);
});

test.each([-86_400_000, 86_400_000])(
  "a clock that was set by %i ms while nobody watched neither ends a hold nor prolongs it",
  async (jump) => {
    await using bed = await ControllerBed.settled();
    await bed.stop();
    const now = Date.now();
    bed.artifacts.digest = "second";
    await bed.open();
    await bed.operations.release(releaseBody());
    const app = bed.controller.current;
    if (app.release === null) throw new Error("no release");
    const reached = { at: now - jump - 60_000, requests: 0 };
    await bed.store.save({ ...app, release: { ...app.release, reached } });
    await bed.open(undefined, now - jump);
    const passed = Date.now() - (bed.controller.current.release?.reached?.at ?? 0);
    expect(Math.abs(passed - 60_000)).toBeLessThan(5000);
  },
);

test("changes nothing once another controller has the app", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  bed.assertHeld = () => {
    throw new HitlessError("CONTROLLER_RUNNING", "process 1 took over");
  };
  bed.artifacts.digest = "second";
  await expect(bed.operations.release(releaseBody())).rejects.toMatchObject({
    code: "CONTROLLER_RUNNING",
  });
  expect(bed.calls).toEqual([]);
  bed.run();
  bed.engine.kill(1);
  await turn();
  expect(bed.calls).toEqual([]);
});
