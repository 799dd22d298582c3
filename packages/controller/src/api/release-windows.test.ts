import { HitlessError } from "@hitless/core";
import { expect, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";

/** A window that begins in half a day and ends a minute later. */
function farWindow() {
  const [from = "", to = ""] = [720, 721].map((minutes) =>
    new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16),
  );
  return { from, to, zone: "UTC" };
}

/** A bed on which a release waits for its window. */
async function waitingBed(): Promise<ControllerBed> {
  const windows = [farWindow()];
  const bed = await ControllerBed.settled({ windows });
  bed.artifacts.digest = "second";
  const accepted = await bed.operations.release(releaseBody({ windows }));
  expect(accepted).toMatchObject({
    kind: "queued",
    release: 2,
    behind: null,
    waits: { kind: "windowClosed", release: 2 },
  });
  return bed;
}

test("a release outside its window waits, and says so in place of a steady state", async () => {
  await using bed = await waitingBed();
  await eventually("it waits", () => bed.controller.why.kind === "windowClosed");
  expect(bed.controller.current).toMatchObject({ release: null, pending: { id: 2 }, stable: 1 });
});

test("said again with `anytime` it begins, under its number, and the audit log says who", async () => {
  await using bed = await waitingBed();
  const again = { ...releaseBody({ windows: [farWindow()] }), anytime: true, by: "bob" };
  const accepted = await bed.operations.release(again);
  expect(accepted).toMatchObject({ release: 2, revision: 2, behind: null, waits: null });
  await bed.settle();
  expect(bed.controller.current.stable).toBe(2);
  const entry = (await bed.store.audit()).entries.at(-1);
  expect(entry).toMatchObject({ who: { name: "bob" }, arguments: { anytime: true } });
});

test("a file without the window lets it begin", async () => {
  await using bed = await waitingBed();
  await bed.operations.release(releaseBody());
  await bed.settle();
  expect(bed.controller.current.stable).toBe(2);
});

test("a restart goes by while a release waits for its window", async () => {
  await using bed = await waitingBed();
  await bed.operations.restart({ by: "ann" });
  await eventually("restarted", () => bed.controller.current.stable === 3);
  await eventually("it waits on", () => bed.controller.why.kind === "windowClosed");
  expect(bed.controller.current.pending).toMatchObject({ id: 2, to: 2 });
});

test("a window for little traffic opens once the requests have been counted", async () => {
  const windows = [{ zone: "UTC", below: "50/s" }];
  await using bed = await ControllerBed.settled({ windows });
  bed.artifacts.digest = "second";
  const accepted = await bed.operations.release(releaseBody({ windows }));
  expect(accepted).toMatchObject({
    kind: "queued",
    waits: { kind: "windowClosed", opensAt: null },
  });
  // As if it had been looked at eleven seconds ago, and never since.
  const { traffic, current } = bed.controller;
  const counts = { kind: "unknown", reason: "a test", since: 0 } as const;
  traffic.look(current, { requests: counts, counts }, 0);
  const requests = { kind: "known", value: {}, asOf: 0 } as const;
  traffic.look(current, { requests, counts }, performance.now() - 11_000);
  await bed.settle();
  expect(bed.controller.current.stable).toBe(2);
});

test("a freeze refuses releases and restarts, lets others go back, and is in the audit log", async () => {
  await using bed = await ControllerBed.settled();
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await bed.settle();
  const freeze = { kind: "on", reason: "the sale", by: "ann" } as const;
  expect(await bed.operations.settings.freeze(freeze)).toMatchObject({
    kind: "settings",
    changes: [{ path: "releases", before: "may begin" }],
  });
  bed.artifacts.digest = "third";
  const kept = await bed.store.revisions();
  const refused = [
    bed.operations.release(releaseBody()),
    bed.operations.restart({ by: "bob" }),
  ].map((asked) => asked.catch((thrown: unknown) => thrown));
  for (const error of await Promise.all(refused)) {
    if (!(error instanceof HitlessError)) throw new Error("it was accepted");
    expect(error.exitCode).toBe(6);
    expect(error.message).toMatch(/^shop is frozen by ann since 2.*Z: the sale$/);
  }
  expect(await bed.store.revisions()).toEqual(kept);

  await bed.operations.rollback(await bed.meant({ to: null }));
  await bed.settle();
  expect(bed.controller.current.stable).toBe(1);

  await bed.operations.settings.freeze({ kind: "off", by: "bob" });
  expect(bed.controller.current.frozen).toBeNull();
  const asked = (await bed.store.audit()).entries.filter((e) => e.command.endsWith("freeze"));
  expect(asked.map((e) => [e.command, e.arguments, e.before?.frozen, e.after?.frozen])).toEqual([
    ["freeze", { reason: "the sale" }, false, true],
    ["unfreeze", {}, true, false],
  ]);
});

test("a release that waited when the freeze came begins when it is over", async () => {
  await using bed = await ControllerBed.settled();
  bed.engine.behave(2, { startMs: 100 });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  bed.artifacts.digest = "third";
  await bed.operations.release(releaseBody());
  await bed.operations.settings.freeze({ kind: "on", reason: "the sale", by: "ann" });
  await eventually("it waits", () => bed.controller.why.kind === "frozen");
  expect(bed.controller.current).toMatchObject({ stable: 2, pending: { to: 3 } });
  await bed.operations.settings.freeze({ kind: "off", by: "ann" });
  await bed.settle();
  expect(bed.controller.current.stable).toBe(3);
});
