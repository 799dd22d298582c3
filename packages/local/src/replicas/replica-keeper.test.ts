import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadEngineState } from "../engine-state.ts";
import { ask, EngineBed } from "../testing/engine-bed.ts";
import { eventually, httpProbe } from "./fixtures/bench.ts";

test("a state that cannot be saved when a replica leaves is told, and nothing breaks", async () => {
  await using bed = await EngineBed.make();
  // It never serves, so that no table has to be made durable before it may leave.
  const readiness = httpProbe("/ready", { initialDelaySeconds: 60 });
  await bed.revision(1, "", { probes: { readiness } });
  await bed.open();
  await bed.scale(1, 1);
  await eventually("it runs", async () => (await bed.pids()).length === 1);
  const folder = dirname(bed.folder.engine);
  await rename(folder, `${folder}.away`);
  await expect(bed.scale(1, 0)).rejects.toThrow("ENOENT");
  await eventually("it left", async () => (await bed.views()).length === 0);
  await eventually("it was told", () => bed.events.some((e) => e.includes("cannot be saved")));
  await rename(`${folder}.away`, folder);
  await bed.scale(1, 0);
  expect(bed.survivors()).toEqual([]);
  expect((await loadEngineState(bed.folder.engine)).replicas).toEqual([]);
});

test("gives up those that serve nobody first, then the youngest", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  const old = (await bed.views()).map((v) => v.id);
  await bed.scale(1, 4);
  await bed.scale(1, 3);
  await bed.ready(1, 3);
  expect((await bed.views()).map((v) => v.id)).toEqual(expect.arrayContaining(old));
  await bed.scale(1, 2);
  await bed.ready(1, 2);
  expect((await bed.views()).map((v) => v.id)).toEqual(old);
});

test("a level that goes up and down in one breath ends where it was said last", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  const levels = [5, 0, 3, 1, 4, 0, 2];
  await Promise.all(levels.map((level) => bed.scale(1, level)));
  await bed.ready(1, 2);
  const { revisions } = await bed.look();
  expect(revisions).toMatchObject({ value: [{ revision: 1, level: 2, exits: 0 }] });
});

test("a folder that cannot be made counts as an exit, and is tried again", async () => {
  await using bed = await EngineBed.make();
  await bed.revision(1);
  await bed.open();
  let left = 1;
  bed.artifacts.beforeCheckout = async () => {
    left -= 1;
    if (left >= 0) throw new Error("no space");
  };
  await bed.scale(1, 1);
  await bed.route(1);
  await bed.ready(1, 1);
  expect(bed.events).toContain("replica 1-1 cannot be prepared: no space");
  expect((await bed.look()).revisions).toMatchObject({
    value: [{ exits: 1, lastExit: { kind: "notStarted", error: "no space" } }],
  });
});

test("one that is still being prepared can be given up", async () => {
  await using bed = await EngineBed.make();
  await bed.revision(1);
  await bed.open();
  let go = () => {};
  bed.artifacts.beforeCheckout = () => new Promise((resolve) => (go = resolve));
  await bed.scale(1, 2);
  await bed.scale(1, 0);
  expect(await bed.views()).toEqual([]);
  go();
  bed.artifacts.beforeCheckout = async () => undefined;
  await bed.scale(1, 1);
  await bed.route(1);
  await bed.ready(1, 1);
  expect((await bed.views()).map((v) => v.id)).toEqual(["1-3"]);
});

test("those not taken up yet stay in the route while others, taken up before them, change it", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  await bed.revision(2, "two");
  await bed.scale(2, 2);
  await bed.route(1, 2);
  await bed.ready(2, 2);
  const [first, ...others] = await bed.pids();
  await bed.met(...others);
  await bed.engine.abandon();
  process.kill(first ?? 0, "SIGKILL");
  let go = () => {};
  bed.artifacts.beforeCheckout = async (target) => {
    if (target.endsWith("/2")) await new Promise<void>((resolve) => (go = resolve));
  };
  const poll = bed.poll();
  const opening = bed.open();
  // The dead one's successor serves long before the folder of revision 2 is there.
  await eventually("the successor serves", () => [...poll.pids].some((p) => !others.includes(p)));
  const later = bed.poll();
  await eventually("requests were shared out", () => later.answers > 30);
  expect([...(await later.end()).pids]).toEqual(expect.arrayContaining([...others]));
  go();
  await opening;
  expect((await poll.end()).wrong).toEqual([]);
  expect(await bed.pids()).toEqual(expect.arrayContaining([...others]));
});

test("an adopted one whose folder cannot be made does not outlive its record", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1);
  const [pid] = await bed.pids();
  await bed.engine.abandon();
  bed.artifacts.beforeCheckout = () => Promise.reject(new Error("no space"));
  await bed.open();
  expect(await bed.pids()).toEqual([]);
  const poll = bed.poll();
  await eventually("it still serves", () => poll.answers > 5);
  expect((await poll.end()).wrong).toEqual([]);
  expect(bed.survivors()).toEqual([pid]);
  await bed.scale(1, 0);
  await eventually("gone", () => bed.survivors().length === 0);
  await eventually("no record", async () => (await bed.views()).length === 0);
});

test("every table says who drains and how long its streams have, until it is gone", async () => {
  await using bed = await EngineBed.make();
  const told = async () => {
    const file = await readFile(join(bed.folder.proxy, "proxy-table.json"), "utf8");
    return JSON.parse(file).table.draining;
  };
  await bed.serving(1, { drain: { timeoutSeconds: 20 } });
  expect(await told()).toEqual([]);
  const [record] = (await loadEngineState(bed.folder.engine)).replicas;
  const slow = ask(bed.port, "/slow");
  await eventually("in flight", async () => (await bed.views())[0]?.inFlight === 1);
  await bed.scale(1, 0);
  await eventually("withdrawn", async () => (await bed.views()).every((view) => !view.routed));
  expect(await told()).toEqual([{ id: "1-1", streamsMs: 16_000 }]);
  await bed.scale(1, 1);
  await bed.met(...(await bed.pids()).slice(1));
  expect(await told()).toEqual([{ id: "1-1", streamsMs: 16_000 }]);
  await ask(record?.port ?? 0, "/finish");
  expect((await slow).body).toBe("done");
  await bed.ready(1, 1);
  await bed.scale(1, 2);
  await bed.ready(1, 2);
  expect(await told()).toEqual([]);
});
