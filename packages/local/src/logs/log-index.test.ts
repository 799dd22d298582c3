import { appendFile, mkdir, mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogQuery } from "@hitless/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogKeeper } from "./log-keeper.ts";
import { readLogs } from "./read-logs.ts";

/** An hour ago: the files of these tests are written now, so none is left out for its age. */
const began = Date.now() - 3_600_000;
let root = "";
let log = "";
const events: string[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hitless-index-"));
  await mkdir(join(root, "1-1"));
  log = join(root, "1-1", "1.log");
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(async () => {
  vi.useRealTimers();
  expect(events.splice(0)).toEqual([]);
  await rm(root, { recursive: true, force: true });
});

function openKeeper(): LogKeeper {
  return new LogKeeper({
    root,
    living: () => new Set(["1-1"]),
    written: () => [log],
    event: (text) => events.push(text),
  });
}

/** At that second the replica writes, and the keeper looks. */
async function write(keeper: LogKeeper, second: number, text: string): Promise<void> {
  await appendFile(log, text);
  vi.setSystemTime(began + second * 1000);
  await keeper.look();
}

async function since(second: number, query: Partial<LogQuery> = {}): Promise<readonly string[]> {
  const all = { revision: null, replica: null, tail: null, follow: false, ...query };
  const lines: string[] = [];
  const from = { ...all, since: began + second * 1000 };
  for await (const { text } of readLogs(root, from, AbortSignal.timeout(5000))) lines.push(text);
  return lines;
}

test("gives what was written after the last look that was not later", async () => {
  using keeper = openKeeper();
  await write(keeper, 1, "one\n");
  await write(keeper, 2, "two\n");
  await write(keeper, 9, "nine\n");
  expect(await since(0)).toEqual(["one", "two", "nine"]);
  expect(await since(1)).toEqual(["two", "nine"]);
  expect(await since(1.9)).toEqual(["two", "nine"]);
  expect(await since(5)).toEqual(["nine"]);
  expect(await since(9)).toEqual([]);
  expect(await since(1, { tail: 1 })).toEqual(["nine"]);
  expect(await since(5, { tail: 9 })).toEqual(["nine"]);
});

test("a line that was begun before and ended after is given whole", async () => {
  using keeper = openKeeper();
  await write(keeper, 1, "one\nhal");
  await write(keeper, 3, "f\nthree\n");
  expect(await since(2)).toEqual(["half", "three"]);
});

test("looks only write when the log grew, one mark for each", async () => {
  using keeper = openKeeper();
  for (const second of [1, 2, 3]) await write(keeper, second, "x\n");
  for (const second of [4, 5, 6]) await write(keeper, second, "");
  expect((await stat(`${log}.idx`)).size).toBe(3 * 16);
});

test("of a time in which no controller looked, more is given and never less", async () => {
  {
    using first = openKeeper();
    await write(first, 1, "one\n");
  }
  await appendFile(log, "alone\n");
  using second = openKeeper();
  await write(second, 60, "sixty\n");
  expect(await since(30)).toEqual(["alone", "sixty"]);
  expect(await since(60)).toEqual([]);
  // Without an index nothing is known but when it was written last.
  await rm(`${log}.idx`);
  expect(await since(60)).toEqual(["one", "alone", "sixty"]);
});

test("a clock that goes back stops the marks until it has caught up", async () => {
  using keeper = openKeeper();
  await write(keeper, 10, "ten\n");
  await write(keeper, 5, "five again\n");
  await write(keeper, 12, "twelve\n");
  expect(await since(5)).toEqual(["ten", "five again", "twelve"]);
  expect(await since(11)).toEqual(["five again", "twelve"]);
});

test("marks move with a log that is cut to its end", async () => {
  using keeper = openKeeper();
  const line = `${"x".repeat(99)}\n`;
  await write(keeper, 1, line.repeat(10_000));
  await write(keeper, 2, line.repeat(10_000));
  await write(keeper, 3, "three\n");
  await write(keeper, 4, "four\n");
  await keeper.tidy(1_500_000);
  expect((await stat(log)).size).toBeLessThan(1_100_000);
  expect(await since(3)).toEqual(["four"]);
  expect(await since(2)).toEqual(["three", "four"]);
  expect(await since(1)).toHaveLength(10_002);
  await write(keeper, 7, "seven\n");
  expect(await since(4)).toEqual(["seven"]);
});

test("a log that somebody else cut is not read from a place of before", async () => {
  using keeper = openKeeper();
  await write(keeper, 1, "a long first line\n");
  await write(keeper, 2, "two\n");
  await truncate(log, 0);
  await write(keeper, 3, "new\n");
  expect(await since(2)).toEqual(["new"]);
  await write(keeper, 4, "four\n");
  expect(await since(4)).toEqual([]);
  expect(await since(3)).toContain("four");
});

test("following with `since` begins there too", async () => {
  using keeper = openKeeper();
  await write(keeper, 1, "one\n");
  await write(keeper, 2, "two\n");
  const stop = new AbortController();
  const query = { revision: null, replica: null, tail: null, since: began + 1500, follow: true };
  const seen: string[] = [];
  for await (const { text } of readLogs(root, query, stop.signal)) {
    seen.push(text);
    if (text === "two") await appendFile(log, "three\n");
    if (text === "three") stop.abort();
  }
  expect(seen).toEqual(["two", "three"]);
});

test("an index goes with its log", async () => {
  using keeper = openKeeper();
  for (let start = 1; start <= 22; start += 1) {
    log = join(root, "1-1", `${start}.log`);
    await write(keeper, start, "x\n");
  }
  await keeper.tidy();
  const names = await readdir(join(root, "1-1"));
  expect(names).toHaveLength(40);
  expect(names).not.toContain("2.log");
  expect(names).not.toContain("2.log.idx");
  expect(names).toContain("3.log.idx");
});
