import { armFailpoints } from "@hitless/core";
import { afterEach, expect, test } from "vitest";
import { loadEngineState } from "./engine-state.ts";
import { eventually } from "./replicas/fixtures/bench.ts";
import { EngineBed } from "./testing/engine-bed.ts";

afterEach(() => armFailpoints(null));

/** From now on nothing of the state can be written, as on a full disk. */
function fillDisk(): void {
  armFailpoints((name) => {
    if (name !== "file-due" && name !== "line-due") return undefined;
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  });
}

test("a replica that dies on a full disk gets no more requests, and is replaced once there is space", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(3);
  const [victim = 0, ...others] = await bed.pids();
  fillDisk();
  process.kill(victim, "SIGKILL");
  await eventually("it is out of the table", async () => {
    const { route, replicas } = await bed.look();
    if (route.kind === "unknown" || replicas.kind === "unknown") return false;
    return replicas.value.filter((r) => r.routed).length === 2;
  });
  const poll = bed.poll();
  await eventually("the others are met", () => others.every((pid) => poll.pids.has(pid)));
  expect((await poll.end()).wrong).toEqual([]);
  expect(poll.pids).toEqual(new Set(others));
  await eventually("it waits for the disk", () =>
    bed.events.some((text) => text.includes("a replica waits to be started: no space left")),
  );
  const views = await bed.views();
  expect(views.map((view) => view.starts).toSorted()).toEqual([1, 1, 2]);
  // What `why` says of it.
  expect(views.find((view) => view.starts === 2)?.lastExit).toMatchObject({
    kind: "notStarted",
    error: expect.stringContaining("no space left"),
  });
  armFailpoints(null);
  await bed.ready(1, 3);
  // The disk never took it: nothing of it counts as an end that the revision is to blame for.
  expect((await bed.look()).revisions).toMatchObject({ value: [{ exits: 1 }] });
  const saved = await loadEngineState(bed.folder.engine);
  expect(saved.replicas.map((r) => r.process?.pid).toSorted()).toEqual(
    (await bed.pids()).toSorted(),
  );
});

test("one that waits for the disk can be stopped, and the next engine hands over newer tables", async () => {
  await using bed = await EngineBed.make();
  await bed.serving(2);
  fillDisk();
  await bed.scale(1, 3).catch(() => undefined);
  await eventually("the third waits", () =>
    bed.events.some((text) => text.includes("a replica waits to be started")),
  );
  const [victim = 0] = await bed.pids();
  process.kill(victim, "SIGKILL");
  await eventually("it is out of the table", async () => {
    const { replicas } = await bed.look();
    return replicas.kind === "known" && replicas.value.filter((r) => r.routed).length === 1;
  });
  await bed.scale(1, 2).catch(() => undefined);
  await eventually("only two are left", async () => (await bed.views()).length === 2);
  await bed.engine.abandon();
  armFailpoints(null);
  // Its state is older than the tables that the proxy got on the full disk.
  await bed.open();
  await bed.ready(1, 2);
  expect(bed.events.filter((text) => text.includes("is not newer than"))).toEqual([]);
});
