import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Check, CheckView } from "./check.ts";
import { Checks } from "./checks.ts";

const hourMs = 3_600_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A check whose n-th run is told what to do, at an exact pace of 1 s. */
function started(check: Check | Check["run"]) {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const lines: string[] = [];
  const log = (_: object, message: string) => lines.push(message);
  const settings = typeof check === "function" ? { run: check } : check;
  const checks = new Checks({ db: { intervalMs: 1000, ...settings } }, { info: log, warn: log });
  checks.start();
  const view = (): CheckView | undefined => checks.views()[0];
  return { checks, lines, view };
}

/** Runs with these results, one after the other: `p`assed or `f`ailed. */
function playing(results: string): () => void {
  let at = 0;
  return () => {
    at += 1;
    if (results[at - 1] === "f") throw new Error(`no ${at}`);
  };
}

const statuses = async (view: () => CheckView | undefined, count: number) => {
  const seen: string[] = [];
  for (let at = 0; at < count; at += 1) {
    await vi.advanceTimersByTimeAsync(at === 0 ? 0 : 1000);
    seen.push(`${view()?.status} ${view()?.failures}`);
  }
  return seen;
};

test("is pending until the first result, which counts at once", async () => {
  const failing = started(playing("f"));
  expect(failing.view()).toEqual({
    name: "db",
    critical: true,
    status: "pending",
    ageMs: null,
    failures: 0,
    error: null,
  });
  expect(await statuses(failing.view, 1)).toEqual(["failing 1"]);
  expect(await statuses(started(playing("p")).view, 1)).toEqual(["passing 0"]);
});

test("changes only after so many equal results in a row, and shows meanwhile that it wavers", async () => {
  const { view, lines } = started({ run: playing("pfpffpfpp"), failAfter: 2, passAfter: 2 });
  expect(await statuses(view, 9)).toEqual([
    "passing 0",
    "passing 1",
    "passing 0",
    "passing 1",
    "failing 2",
    "failing 0",
    "failing 1",
    "failing 0",
    "passing 0",
  ]);
  expect(lines).toEqual(["check db is failing: no 5", "check db is passing again"]);
});

test("fails whatever is thrown, at once or later, and what resolves with false", async () => {
  const thrown: readonly [() => unknown, string][] = [
    [() => false, "it returned false"],
    [() => Promise.resolve(false), "it returned false"],
    [() => Promise.reject(new Error("later")), "later"],
    [() => Promise.reject(Object.create(null)), "something was thrown that cannot be read"],
    [() => Promise.reject(new AggregateError([new Error("a"), new Error("b")])), "a; b"],
    [() => Promise.reject(new Error("outer", { cause: new Error("inner") })), "outer: inner"],
    [() => Promise.reject("x".repeat(10_000)), `${"x".repeat(500)}…`],
  ];
  for (const [run, error] of thrown) {
    const { view } = started(run);
    await vi.advanceTimersByTimeAsync(0);
    expect(view()).toMatchObject({ status: "failing", error });
  }
  const quiet = started(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(quiet.view()?.status).toBe("passing");
});

test("a run without an end fails at its timeout, and its late rejection harms nobody", async () => {
  let reject: (error: Error) => void = () => {};
  let aborted: unknown = null;
  const { view } = started((signal) => {
    signal.addEventListener("abort", () => {
      aborted = signal.reason;
    });
    return new Promise((_, no) => {
      reject = no;
    });
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(view()).toMatchObject({ status: "failing", error: "not done within 1000 ms" });
  expect(aborted).toMatchObject({ message: "not done within 1000 ms" });
  reject(new Error("much later"));
  await vi.advanceTimersByTimeAsync(0);
  expect(view()?.error).toBe("not done within 1000 ms");
});

test("leaves some dozens of hung runs behind in six hours, and asks again as soon as one ends", async () => {
  const ends: (() => void)[] = [];
  let hangs = true;
  const { view } = started(() =>
    hangs ? new Promise<void>((resolve) => ends.push(resolve)) : undefined,
  );
  await vi.advanceTimersByTimeAsync(hourMs / 60);
  expect(ends.length).toBeLessThan(8);
  await vi.advanceTimersByTimeAsync(6 * hourMs);
  expect(ends.length).toBeGreaterThan(35);
  expect(ends.length).toBeLessThan(50);
  expect(view()?.error).toBe(`not done within 1000 ms (${ends.length} runs of it have not ended)`);
  hangs = false;
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(1000);
  expect(view()).toMatchObject({ status: "passing", failures: 0 });
});

test("comes back to its pace although runs were lost for ever", async () => {
  let hangs = true;
  let runs = 0;
  const { view } = started(() => {
    runs += 1;
    return hangs ? new Promise(() => {}) : true;
  });
  await vi.advanceTimersByTimeAsync(hourMs);
  hangs = false;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(view()?.status).toBe("passing");
  const before = runs;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(runs - before).toBe(10);
});

test("runs each at its own moment, ±10 % around its interval", async () => {
  let runs = 0;
  vi.spyOn(Math, "random").mockReturnValueOnce(0).mockReturnValueOnce(0.75);
  const checks = new Checks({
    db() {
      runs += 1;
    },
  });
  checks.start();
  const seen: number[] = [];
  for (const ms of [0, 1799, 1, 2099, 1]) {
    await vi.advanceTimersByTimeAsync(ms);
    seen.push(runs);
  }
  expect(seen).toEqual([1, 1, 2, 2, 3]);
});

test("stopped, it runs nothing any more and tells what runs to end", async () => {
  let runs = 0;
  let ended = false;
  const { checks, view, lines } = started((signal) => {
    runs += 1;
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        ended = true;
        reject(new Error("cut"));
      });
    });
  });
  await vi.advanceTimersByTimeAsync(500);
  checks.stop();
  await vi.advanceTimersByTimeAsync(hourMs);
  expect([runs, ended, view()?.status, lines, vi.getTimerCount()]).toEqual([
    1,
    true,
    "pending",
    [],
    0,
  ]);
});

test("refuses settings that cannot be, by name", () => {
  const given = (check: object) => () => new Checks({ db: { run: () => true, ...check } });
  expect(given({ failAfter: 0 })).toThrow("checks.db.failAfter is 0; it must be a whole number");
  expect(given({ timeoutMs: -1 })).toThrow("checks.db.timeoutMs is -1");
  expect(given({ intervalMs: 0.5 })).toThrow("checks.db.intervalMs is 0.5");
  expect(given({ run: undefined })).toThrow("checks.db is [object Object]; it must be a function");
});
