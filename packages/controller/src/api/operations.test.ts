import { expect, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";

/** A bed whose release to revision 2 never gets ready, so that it stays under way. */
async function busyBed(): Promise<ControllerBed> {
  const bed = await ControllerBed.settled();
  bed.engine.behave(2, { neverReady: true });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await eventually("under way", () => bed.engine.replicas(2).length > 0);
  return bed;
}

test("the same file again is nothing to do, and says on which revision", async () => {
  await using bed = await ControllerBed.settled();
  const accepted = await bed.operations.release(releaseBody());
  expect(accepted).toMatchObject({ kind: "nothing", release: null, revision: 1 });
  expect(await bed.store.revisions()).toEqual([1]);
});

test("settings changed alone are applied without a revision, and no process is replaced", async () => {
  await using bed = await ControllerBed.settled();
  const before = bed.engine.replicas().map((r) => r.id);
  const accepted = await bed.operations.release(releaseBody({ replicas: 3 }));
  expect(accepted).toMatchObject({ kind: "settings", release: null, revision: 1 });
  await eventually("three", () => bed.engine.replicas().length === 3);
  expect(bed.engine.replicas().map((r) => r.id)).toEqual(expect.arrayContaining(before));
  expect(await bed.store.history()).toHaveLength(1);
});

test("scale holds until the file's own number changes", async () => {
  await using bed = await ControllerBed.settled();
  await bed.operations.settings.scale({ replicas: 4, by: "alice" });
  expect(bed.controller.current.desired).toMatchObject({ replicas: 4, owner: "command" });
  await bed.operations.release(releaseBody());
  expect(bed.controller.current.desired.replicas).toBe(4);
  await bed.operations.release(releaseBody({ replicas: 1 }));
  expect(bed.controller.current.desired).toMatchObject({ replicas: 1, owner: "file" });
});

test("a change of settings says what changed, and a number that is wanted already is none", async () => {
  await using bed = await ControllerBed.settled();
  const { replicas } = bed.controller.current.desired;
  expect(await bed.operations.settings.scale({ replicas: 4, by: "alice" })).toMatchObject({
    kind: "settings",
    changes: [{ kind: "setting", path: "replicas", before: replicas, after: 4 }],
  });
  expect(await bed.operations.settings.scale({ replicas: 4, by: "bob" })).toMatchObject({
    kind: "nothing",
    changes: [],
  });
});

test("maintenance is a setting that stays, says what changed, and goes on as it is said again", async () => {
  await using bed = await ControllerBed.settled();
  const on = { kind: "on", holdMs: 5_000, message: "soon", by: "alice" } as const;
  expect(await bed.operations.settings.maintenance(on)).toMatchObject({
    kind: "settings",
    changes: [
      { kind: "setting", path: "maintenance", before: "off", after: "on, after 5 s: soon" },
    ],
  });
  const { maintenance } = bed.controller.current;
  expect(bed.met).toEqual([maintenance]);
  expect(await bed.store.load()).toMatchObject({ maintenance });
  expect(await bed.operations.settings.maintenance({ ...on, by: "bob" })).toMatchObject({
    kind: "nothing",
  });
  await bed.operations.settings.maintenance({ ...on, holdMs: 0, by: "bob" });
  expect(bed.controller.current.maintenance).toEqual({
    ...maintenance,
    by: "bob",
    holdMs: 0,
  });
  await bed.operations.release(releaseBody({ replicas: 3 }));
  expect(bed.controller.current.maintenance).not.toBeNull();
  await bed.operations.settings.maintenance({ kind: "off", by: "bob" });
  expect(await bed.store.load()).toMatchObject({ maintenance: null });
  const audit = (await bed.store.audit()).entries.filter((e) => e.command.startsWith("maint"));
  expect(audit.map((e) => [e.command, e.before?.maintenance, e.after?.maintenance])).toEqual([
    ["maintenance on", false, true],
    ["maintenance on", true, true],
    ["maintenance on", true, true],
    ["maintenance off", true, false],
  ]);
});

test("the number that scale set is given back to the file when that is asked", async () => {
  await using bed = await ControllerBed.settled();
  const { desired } = bed.controller.current;
  await bed.operations.settings.scale({ replicas: 4, by: "alice" });
  const accepted = await bed.operations.release({ ...releaseBody(), replicasFromFile: true });
  expect(accepted).toMatchObject({
    kind: "settings",
    changes: [{ kind: "setting", path: "replicas", before: 4, after: desired.replicas }],
  });
  expect(bed.controller.current.desired).toEqual(desired);
  const { entries } = await bed.store.audit();
  expect(entries.at(-1)?.arguments).toMatchObject({ unset: "replicas" });
});

test("the audit log tells which values over the file were taken away", async () => {
  await using bed = await ControllerBed.settled();
  const overrides = { "config.A": "1", "config.B": "2" };
  await bed.operations.release({ ...releaseBody(), overrides });
  const rest = { ...releaseBody(), overrides: { "config.B": "2" }, overridesBefore: overrides };
  const accepted = await bed.operations.release(rest);
  expect(accepted.changes).toEqual([
    { kind: "override", path: "config.A", before: "1", after: null },
  ]);
  const { entries } = await bed.store.audit();
  expect(entries.at(-1)?.arguments).toMatchObject({ overrides: "config.B", unset: "config.A" });
});

test("a release that replaces the running one says which that is, and once", async () => {
  await using bed = await busyBed();
  await bed.stop();
  const replacing = (n: string) =>
    bed.operations.release({ ...releaseBody({ config: { N: n } }), busy: "replace" });
  expect(await replacing("1")).toMatchObject({ kind: "queued", turnsBack: { id: 2, to: 2 } });
  expect(await replacing("2")).toMatchObject({ kind: "queued", turnsBack: null });
});

test("two releases at once get two revisions, and the later one waits", async () => {
  await using bed = await ControllerBed.settled();
  const { operations } = bed;
  const both = await Promise.all([
    operations.release(releaseBody({ config: { N: "1" } })),
    operations.release(releaseBody({ config: { N: "2" } })),
  ]);
  expect(both).toMatchObject([
    { kind: "started", release: 2, revision: 2 },
    { kind: "queued", release: 3, revision: 3 },
  ]);
  await bed.settle();
  expect((await bed.store.history()).map((r) => [r.id, r.from, r.to, r.outcome])).toEqual([
    [1, null, 1, "succeeded"],
    [2, 1, 2, "succeeded"],
    [3, 2, 3, "succeeded"],
  ]);
});

test("a release that was refused does not stop the next one from being made", async () => {
  await using bed = await ControllerBed.settled();
  const { operations } = bed;
  const refused = operations.release(releaseBody({ name: "other" }));
  const next = operations.release(releaseBody({ config: { N: "1" } }));
  await expect(refused).rejects.toMatchObject({ code: "REFUSED", path: ["name"] });
  await expect(next).resolves.toMatchObject({ kind: "started", revision: 2 });
});

test("while one runs: queue keeps the newest, reject refuses, replace turns it back", async () => {
  await using bed = await busyBed();
  const { operations } = bed;
  const ask = (n: string, busy: "queue" | "reject" | "replace") =>
    operations.release({ ...releaseBody({ config: { N: n } }), busy });
  expect(await ask("1", "queue")).toMatchObject({ kind: "queued", release: 3, revision: 3 });
  expect(await ask("2", "queue")).toMatchObject({
    kind: "queued",
    release: 4,
    revision: 4,
    dropped: { id: 3, to: 3, by: "alice" },
  });
  expect(bed.controller.current.pending?.to).toBe(4);
  await expect(ask("3", "reject")).rejects.toMatchObject({ code: "REFUSED" });
  expect(await bed.store.revisions()).toEqual([1, 2, 4]);
  expect(await ask("4", "replace")).toMatchObject({ kind: "queued", revision: 5 });
  await bed.settle();
  expect((await bed.store.history()).map((r) => [r.to, r.outcome])).toEqual([
    [1, "succeeded"],
    [2, "replaced"],
    [5, "succeeded"],
  ]);
});

test("the same file as the one under way or waiting is nothing to do", async () => {
  await using bed = await busyBed();
  expect(await bed.operations.release(releaseBody())).toMatchObject({
    kind: "nothing",
    revision: 2,
  });
  await bed.operations.release(releaseBody({ config: { N: "1" } }));
  expect(await bed.operations.release(releaseBody({ config: { N: "1" } }))).toMatchObject({
    kind: "nothing",
    revision: 3,
  });
});

test("restart makes a revision with the same digest and new processes", async () => {
  await using bed = await ControllerBed.settled();
  const before = bed.engine.replicas().map((r) => r.id);
  expect(await bed.operations.restart({ by: "alice" })).toMatchObject({
    kind: "started",
    revision: 2,
  });
  await bed.settle();
  const [first, second] = await Promise.all([bed.store.revision(1), bed.store.revision(2)]);
  expect(second?.digest).toBe(first?.digest);
  for (const { id } of bed.engine.replicas()) expect(before).not.toContain(id);
  expect((await bed.store.history()).at(-1)).toMatchObject({
    kind: "restart",
    outcome: "succeeded",
  });
});

test("restart is refused while a release runs", async () => {
  await using bed = await busyBed();
  await expect(bed.operations.restart({ by: "alice" })).rejects.toMatchObject({ code: "REFUSED" });
  expect(await bed.store.revisions()).toEqual([1, 2]);
});

test("restart does not push out a release that is about to start", async () => {
  await using bed = await busyBed();
  await bed.operations.release(releaseBody({ config: { N: "1" } }));
  // The running one ends; the loop dies before it starts the one that waits.
  await bed.stop();
  await bed.controller.transact((app) => ({ ...app, release: null }), { said: "test" });
  await expect(bed.operations.restart({ by: "alice" })).rejects.toMatchObject({ code: "REFUSED" });
  expect(bed.controller.current.pending?.to).toBe(3);
});

test("rollback goes to the revision before, under its old number", async () => {
  await using bed = await ControllerBed.settled();
  await bed.operations.release(releaseBody({ config: { N: "1" } }));
  await bed.settle();
  const accepted = await bed.operations.rollback(await bed.meant({ to: null }));
  expect(accepted).toMatchObject({ kind: "started", revision: 1 });
  await bed.settle();
  expect(bed.controller.current.stable).toBe(1);
  expect(await bed.operations.rollback(await bed.meant({ to: 1 }))).toMatchObject({
    kind: "nothing",
    release: null,
    revision: 1,
  });
});

test("rollback while a release runs turns that back; to another revision, that follows", async () => {
  await using bed = await ControllerBed.settled();
  await bed.operations.release(releaseBody({ config: { N: "1" } }));
  await bed.settle();
  bed.engine.behave(3, { neverReady: true });
  await bed.operations.release(releaseBody({ config: { N: "2" } }));
  await eventually("under way", () => bed.engine.replicas(3).length > 0);
  await bed.operations.rollback(await bed.meant({ to: 1 }));
  await bed.settle();
  expect((await bed.store.history()).slice(-2).map((r) => [r.kind, r.to, r.outcome])).toEqual([
    ["release", 3, "rolledBack"],
    ["rollback", 1, "succeeded"],
  ]);
});

test("rollback to what is not kept, or before anything served, says what there is", async () => {
  await using bed = await ControllerBed.settled();
  await expect(bed.operations.rollback(await bed.meant({ to: 7 }))).rejects.toMatchObject({
    code: "UNKNOWN_REVISION",
    next: "Kept are: 1.",
  });
  await expect(bed.operations.rollback(await bed.meant({ to: null }))).rejects.toMatchObject({
    code: "REFUSED",
  });
});

test("a port, a name or a file that is wrong changes nothing", async () => {
  await using bed = await ControllerBed.settled();
  const before = bed.controller.current;
  const ask = (changes: Record<string, unknown>) => bed.operations.release(releaseBody(changes));
  await expect(ask({ port: 9999 })).rejects.toMatchObject({ code: "REFUSED", path: ["port"] });
  await expect(ask({ replicas: "many" })).rejects.toMatchObject({
    code: "BAD_INPUT",
    path: ["replicas"],
  });
  await expect(ask({ secrets: ["TOKEN"] })).rejects.toMatchObject({
    code: "SECRET_MISSING",
    path: ["secrets", 0],
  });
  const unsigned = [{ webhook: "http://127.0.0.1:9/", secret: "HOOK_SECRET" }];
  await expect(ask({ notifications: unsigned })).rejects.toMatchObject({
    code: "SECRET_MISSING",
    path: ["notifications", 0, "secret"],
  });
  await expect(bed.operations.release({ ...releaseBody(), raw: undefined })).rejects.toMatchObject({
    code: "BAD_INPUT",
  });
  expect(bed.controller.current).toBe(before);
  expect(await bed.store.revisions()).toEqual([1]);
});

test("an intent without a release is refused, one with a release is noted and done", async () => {
  await using bed = await busyBed();
  expect(await bed.operations.intent(await bed.meant({ kind: "abort" }))).toMatchObject({
    kind: "noted",
    release: 2,
    revision: 2,
  });
  await bed.settle();
  expect((await bed.store.history()).at(-1)).toMatchObject({ to: 2, outcome: "aborted" });
  await expect(bed.operations.intent(await bed.meant({ kind: "abort" }))).rejects.toMatchObject({
    code: "REFUSED",
  });
});

test("the content that a running release brings is nothing new, and that release can be followed", async () => {
  await using bed = await busyBed();
  const again = await bed.operations.release(releaseBody());
  expect(again).toMatchObject({ kind: "nothing", release: 2, revision: 2 });
  expect(await bed.store.revisions()).toEqual([1, 2]);
});

test("a release that lost its place in the queue leaves no revision behind", async () => {
  await using bed = await busyBed();
  await bed.operations.release(releaseBody({ config: { N: "1" } }));
  await bed.operations.release(releaseBody({ config: { N: "2" } }));
  expect(bed.controller.current.pending?.to).toBe(4);
  expect(await bed.store.revisions()).toEqual([1, 2, 4]);
});

test("values over the file that were made from older ones are refused", async () => {
  await using bed = await ControllerBed.settled();
  const first = { ...releaseBody(), overrides: { "config.A": "1" } };
  await bed.operations.release(first);
  const late = { ...releaseBody(), overrides: { "config.B": "2" } };
  await expect(bed.operations.release(late)).rejects.toMatchObject({ code: "REFUSED" });
  expect(bed.controller.current.overrides).toEqual({ "config.A": "1" });
});

test("retry lets a release that goes back go forward again, and says what to type once it has ended", async () => {
  await using bed = await busyBed();
  const { operations } = bed;
  // Nothing is carried out meanwhile: else the way back may end first.
  await bed.stop();
  const [abort, retry] = [
    await bed.meant({ kind: "abort" } as const),
    await bed.meant({ kind: "retry" } as const),
  ];
  await operations.intent(abort);
  await expect(operations.intent(retry)).rejects.toMatchObject({ code: "OVERTAKEN" });
  const again = await operations.intent(await bed.meant({ kind: "retry" } as const));
  expect(again).toMatchObject({ kind: "noted", release: 2, already: null });
  expect(bed.controller.current.release).toMatchObject({ direction: "forward", reason: null });
  await operations.intent(await bed.meant({ kind: "abort" } as const));
  bed.run();
  await bed.settle();
  await expect(
    operations.intent(await bed.meant({ kind: "retry" } as const)),
  ).rejects.toMatchObject({
    code: "REFUSED",
    next: expect.stringContaining("`hitless release` begins a new one"),
  });
});

test("a release that was accepted is not called refused because a revision cannot be removed", async () => {
  await using bed = await busyBed();
  await bed.operations.release(releaseBody({ config: { N: "waiting" } }));
  bed.store.removeRevision = async () => {
    throw new Error("the disk is read-only");
  };
  const accepted = await bed.operations.release(releaseBody({ config: { N: "newer" } }));
  expect(accepted).toMatchObject({ kind: "queued", release: 4, dropped: { id: 3 } });
  expect((await bed.store.audit()).entries.at(-1)?.result).toEqual({ kind: "accepted" });
  expect(bed.controller.current.pending?.id).toBe(4);
});
