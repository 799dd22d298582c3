import type { Origin } from "@hitless/core";
import { expect, test } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";

const origin: Origin = { kind: "ssh", detail: "10.0.0.5", uid: 1000, sudo: null, host: "web-1" };

async function lastEntry(bed: ControllerBed) {
  return (await bed.store.audit()).entries.at(-1);
}

test("what is accepted is written down with who, before and after, and before it is saved", async () => {
  await using bed = await ControllerBed.settled();
  const { addAudit } = bed.store;
  bed.store.addAudit = (entry) => {
    bed.calls.push("audit");
    return addAudit.call(bed.store, entry);
  };
  bed.artifacts.digest = "second";
  const body = { ...releaseBody(), overrides: { "config.TOKEN": "hunter2" } };
  expect(await bed.operations.release(body, origin)).toMatchObject({ notAudited: null });
  const calls = bed.calls.filter((call) => call === "audit" || call === "after save");
  expect(calls.slice(0, 2)).toEqual(["audit", "after save"]);
  const entry = await lastEntry(bed);
  expect(entry).toMatchObject({
    who: { name: "alice", origin },
    command: "release",
    arguments: { message: "test", ifBusy: "queue", overrides: "config.TOKEN" },
    before: { stable: 1, release: null, queued: null, overrides: [] },
    after: {
      stable: 1,
      release: { id: 2, to: 2, direction: "forward" },
      overrides: ["config.TOKEN"],
    },
    result: { kind: "accepted" },
  });
  expect(JSON.stringify(entry)).not.toContain("hunter2");
});

test("what is refused, and what was so already, is written down as well", async () => {
  await using bed = await ControllerBed.settled();
  const late = await bed.meant({ kind: "abort" } as const);
  await expect(bed.operations.intent(late)).rejects.toMatchObject({ code: "REFUSED" });
  expect(await lastEntry(bed)).toMatchObject({
    command: "abort",
    arguments: { release: 1 },
    result: {
      kind: "refused",
      code: "REFUSED",
      message: expect.stringContaining("release 1 ended"),
    },
  });
  await bed.operations.release(releaseBody());
  const entry = await lastEntry(bed);
  expect(entry).toMatchObject({ command: "release", result: { kind: "accepted" } });
  expect(entry?.after).toEqual(entry?.before);
});

test("what was accepted and could not be saved has an entry that says so", async () => {
  await using bed = await ControllerBed.settled();
  const { watch } = bed.store;
  bed.store.watch = () => {
    throw new Error("the disk is full");
  };
  const asked = bed.operations.settings.scale({ replicas: 3, by: "alice" });
  await expect(asked).rejects.toThrow("the disk is full");
  bed.store.watch = watch;
  const [accepted, refused] = (await bed.store.audit()).entries.slice(-2);
  expect(accepted).toMatchObject({ result: { kind: "accepted" }, after: { replicas: 3 } });
  expect(refused).toMatchObject({ result: { kind: "refused" }, after: { replicas: 2 } });
  expect(refused?.request).toBe(accepted?.request);
});

test("a log that cannot be written stops no abort: the answer and the events say so", async () => {
  await using bed = await ControllerBed.settled();
  bed.engine.behave(2, { neverReady: true });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await eventually("under way", () => bed.engine.replicas(2).length > 0);
  bed.store.addAudit = async () => {
    throw new Error("the disk is full");
  };
  const abort = await bed.operations.intent(await bed.meant({ kind: "abort" } as const));
  expect(abort).toMatchObject({ kind: "noted", release: 2, notAudited: "the disk is full" });
  expect(await bed.texts("audit")).toEqual([
    "abort by alice is accepted and not in the audit log: the disk is full",
  ]);
  await bed.settle();
  expect((await bed.store.history()).at(-1)?.outcome).toBe("aborted");
});

test("once everything is being stopped nothing is accepted any more", async () => {
  await using bed = await ControllerBed.settled();
  const { operations } = bed;
  const before = bed.controller.current;
  await operations.down({ by: "bob" }, origin);
  bed.artifacts.digest = "second";
  const refusals = [
    operations.release(releaseBody()),
    operations.restart({ by: "alice" }),
    operations.settings.scale({ replicas: 3, by: "alice" }),
    operations.rollback(await bed.meant({ to: null })),
  ];
  for (const refused of refusals) {
    await expect(refused).rejects.toMatchObject({
      code: "REFUSED",
      message: "shop is being stopped: bob said `hitless down`",
    });
  }
  expect(bed.controller.current).toBe(before);
  expect(await bed.store.revisions()).toEqual([1]);
  const commands = (await bed.store.audit()).entries
    .slice(-5)
    .map((e) => [e.command, e.result.kind]);
  expect(commands[0]).toEqual(["down", "accepted"]);
  expect(commands.slice(1).map(([, kind]) => kind)).toEqual(Array(4).fill("refused"));
});
