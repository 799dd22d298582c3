import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { noDrains } from "@hitless/core";
import { exampleReceipt } from "@hitless/core/testing";
import { expect, test } from "vitest";
import { loadEngineState } from "../engine-state.ts";
import { ask, EngineBed } from "../testing/engine-bed.ts";
import { eventually } from "./fixtures/bench.ts";

const leaving = (changes: object) => ({
  config: { RECEIPT: JSON.stringify({ ...exampleReceipt, ...changes }) },
});

async function drainsOf(bed: EngineBed) {
  const { drains } = await bed.look();
  return drains.kind === "known" ? drains.value : null;
}

async function gone(bed: EngineBed): Promise<void> {
  await eventually("all are gone", async () => (await bed.views()).length === 0);
}

test("an app is told how to drain and where to leave its receipt; commands beside it are not", async () => {
  await using bed = await EngineBed.make();
  const command = ["/bin/sh", "-c", "env > preStop"];
  const preStop = { kind: "exec", command } as const;
  await bed.serving(1, { drain: { timeoutSeconds: 3, preStop } });
  const { body } = await ask(bed.port, "/environment");
  expect(JSON.parse(body)).toMatchObject({
    HITLESS_DRAIN_DELAY_SECONDS: "0",
    HITLESS_DRAIN_TIMEOUT_SECONDS: "2.5",
    HITLESS_RECEIPT: `${bed.folder.logs}/1-1/1.receipt.json`,
  });
  await bed.scale(1, 0);
  await gone(bed);
  const environment = await readFile(join(bed.folder.checkouts, "1", "preStop"), "utf8");
  expect(environment).toContain("HITLESS_REPLICA=1-1\n");
  expect(environment).not.toMatch(/HITLESS_(?:DRAIN|RECEIPT)/u);
  // An app that leaves no receipts is not asked for any.
  expect(bed.events).toEqual([]);
});

test("what replicas said of their end is told once each, summed, and kept", async () => {
  await using bed = await EngineBed.make();
  const hung = [{ method: "GET", route: "/slow", seconds: 2 }];
  await bed.serving(2, leaving({ cut: 1, hung }));
  await bed.scale(1, 1);
  await bed.ready(1, 1);
  expect(await drainsOf(bed)).toMatchObject({ receipts: 1, finished: 12, cut: 1 });
  await bed.scale(1, 0);
  await gone(bed);
  const sums = { ...noDrains, receipts: 2, inFlight: 20, served: 4, finished: 24, cut: 2 };
  const all = { ...sums, hung: { "GET /slow": 2 } };
  expect(await drainsOf(bed)).toEqual(all);
  const said = "drained in 0.2 s: 12 finished, 1 cut; hung: GET /slow for 2.0 s";
  expect(bed.events.toSorted()).toEqual([`replica 1-1: ${said}`, `replica 1-2: ${said}`]);
  expect((await loadEngineState(bed.folder.engine)).drains).toEqual(all);
});

test("a receipt that cannot be read is said once, and the replica leaves all the same", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1, { config: { RECEIPT: '{"kind":"drain-rec' } });
  await bed.scale(1, 0);
  await gone(bed);
  expect(bed.events).toEqual([
    "replica 1-1: its drain receipt cannot be read: its 18 characters are no whole JSON",
  ]);
  expect(await drainsOf(bed)).toEqual(noDrains);
});

test("one that is told to stop and leaves none is told where others of its revision left one", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2, { ...leaving({}), drain: { terminationGracePeriodSeconds: 0.3 } });
  await bed.scale(1, 1);
  await bed.ready(1, 1);
  const [pid = 0] = await bed.pids();
  process.kill(pid, "SIGSTOP");
  await bed.scale(1, 0);
  await gone(bed);
  expect(bed.events).toEqual([
    "replica 1-2: drained in 0.2 s: 12 finished, 0 cut",
    "replica 1-1: killed, its grace period is over",
    "replica 1-1: left no drain receipt, unlike others of revision 1",
  ]);
});

test("one that ends by itself may have left one too", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(1, leaving({ reason: "crash", error: "TypeError: no" }));
  const [pid = 0] = await bed.pids();
  process.kill(pid, "SIGTERM");
  await eventually("it is told", () => bed.events.length > 1);
  expect(bed.events[0]).toBe(
    "replica 1-1: crashed (TypeError: no) and drained in 0.2 s: 12 finished, 0 cut",
  );
  expect(await drainsOf(bed)).toMatchObject({ receipts: 1 });
});
