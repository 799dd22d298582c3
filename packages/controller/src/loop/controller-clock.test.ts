import { expect, test, vi } from "vitest";
import { ControllerBed, eventually, releaseBody } from "../testing/controller-bed.ts";

test("a clock that jumps does not use up the time of a release, also when it only waits", async () => {
  await using bed = await ControllerBed.settled();
  bed.engine.behave(2, { neverReady: true });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await eventually("waits for a replica", () => bed.engine.replicas(2).length > 0);
  const real = Date.now.bind(Date);
  const before = bed.controller.current.release?.progress.deadlineAt ?? 0;
  const jump = 10 * 60_000;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => real() + jump);
  try {
    await bed.controller.transact((a) => ({ ...a }), { said: "look" });
    const { version } = bed.controller;
    await eventually("it has looked twice", async () => {
      await bed.controller.transact((a) => ({ ...a }), { said: "look" });
      return bed.controller.version > version + 4;
    });
    expect(bed.controller.current.release?.direction).toBe("forward");
    const after = bed.controller.current.release?.progress.deadlineAt ?? 0;
    expect(after).toBeGreaterThanOrEqual(before + jump - 5000);
  } finally {
    clock.mockRestore();
  }
});

test("the time in which nobody watched is given to a hold for good, not until the next crash", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  const hour = 3_600_000;
  const now = Date.now();
  await bed.open();
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  const app = bed.controller.current;
  if (app.release === null) throw new Error("no release");
  const reached = { at: now - hour, requests: 0 };
  await bed.store.save({ ...app, release: { ...app.release, reached } });
  await bed.open(undefined, now - hour + 1000);
  // It is killed before it has decided anything; the next one was away for a moment only.
  await bed.open(undefined, Date.now());
  expect(bed.controller.current.release?.reached?.at).toBeGreaterThanOrEqual(now - 2000);
});

test("a clock that jumps while it looks does not end a release that has time left", async () => {
  await using bed = await ControllerBed.settled();
  bed.engine.behave(2, { neverReady: true });
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  await eventually("waits for a replica", () => bed.engine.replicas(2).length > 0);
  const real = Date.now.bind(Date);
  let jump = 0;
  let looks = 0;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => real() + jump);
  const observe = bed.engine.observe.bind(bed.engine);
  bed.engine.observe = async (...asked) => {
    const seen = await observe(...asked);
    looks += 1;
    if (looks === 1) jump = 10 * 60_000;
    return seen;
  };
  try {
    await bed.controller.transact((a) => ({ ...a }), { said: "look" });
    await eventually("it has looked again", () => looks >= 3);
    expect(bed.controller.current.release?.direction).toBe("forward");
  } finally {
    clock.mockRestore();
  }
});

test("who resumes right after the clock was set back does not end the hold", async () => {
  await using bed = await ControllerBed.settled();
  await bed.stop();
  await bed.open();
  bed.artifacts.digest = "second";
  await bed.operations.release(releaseBody());
  const app = bed.controller.current;
  if (app.release === null) throw new Error("no release");
  const reached = { at: Date.now() - 60_000, requests: 0 };
  await bed.store.save({ ...app, release: { ...app.release, reached } });
  await bed.open(undefined, Date.now());
  await bed.operations.intent(await bed.meant({ kind: "pause" }));
  const real = Date.now.bind(Date);
  const clock = vi.spyOn(Date, "now").mockImplementation(() => real() - 86_400_000);
  try {
    await bed.operations.intent(await bed.meant({ kind: "resume" }));
    bed.run();
    await bed.controller.transact((a) => ({ ...a }), { said: "look" });
    const { version } = bed.controller;
    await eventually("it has looked", () => bed.controller.version > version);
    const passed = Date.now() - (bed.controller.current.release?.reached?.at ?? 0);
    expect(Math.abs(passed - 60_000)).toBeLessThan(5000);
  } finally {
    clock.mockRestore();
  }
});
