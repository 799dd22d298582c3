import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogQuery } from "@hitless/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogKeeper } from "./log-keeper.ts";
import { readLogs } from "./read-logs.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hitless-logs-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const everything: LogQuery = {
  revision: null,
  replica: null,
  since: null,
  tail: null,
  follow: false,
};

async function write(replica: string, start: number, text: string): Promise<string> {
  await mkdir(join(root, replica), { recursive: true });
  const path = join(root, replica, `${start}.log`);
  await appendFile(path, text);
  return path;
}

async function linesOf(query: Partial<LogQuery>): Promise<readonly string[]> {
  const lines: string[] = [];
  const all = readLogs(root, { ...everything, ...query }, AbortSignal.timeout(5000));
  for await (const line of all) lines.push(`${line.replica} ${line.text}`);
  return lines;
}

test("gives the lines of one revision, replica or both", async () => {
  await write("1-1", 1, "a\nb\n");
  await write("2-2", 1, "c\n");
  expect(await linesOf({ revision: 2 })).toEqual(["2-2 c"]);
  expect(await linesOf({ replica: "1-1" })).toEqual(["1-1 a", "1-1 b"]);
  expect((await linesOf({})).toSorted()).toEqual(["1-1 a", "1-1 b", "2-2 c"]);
});

test("gives the last lines of a long log without its torn first line", async () => {
  const long = Array.from({ length: 60_000 }, (_, n) => `line ${n}`).join("\n");
  await write("1-1", 1, `${long}\n`);
  expect(await linesOf({ tail: 2 })).toEqual(["1-1 line 59998", "1-1 line 59999"]);
  const all = await linesOf({ tail: 60_000 });
  expect(all.every((line) => /^1-1 line \d+$/.test(line))).toBe(true);
});

test("follows what is appended, whole lines only", async () => {
  const path = await write("1-1", 1, "first\nhal");
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const line of readLogs(root, { ...everything, follow: true }, stop.signal)) {
    seen.push(line.text);
    if (seen.length === 1) await appendFile(path, "f\nthird\n");
    if (seen.length === 3) stop.abort();
  }
  expect(seen).toEqual(["first", "half", "third"]);
});

test("gives any number of lines, and multi-byte letters whole wherever a read ends", async () => {
  const text = Array.from({ length: 200_000 }, (_, n) => `${n} ä€😀`);
  await write("1-1", 1, `${text.join("\n")}\n`);
  expect(await linesOf({})).toEqual(text.map((line) => `1-1 ${line}`));
});

test("gives no line for a tail of 0", async () => {
  await write("1-1", 1, "a\n");
  expect(await linesOf({ tail: 0 })).toEqual([]);
});

test("gives the last lines of each replica, of all its starts together", async () => {
  await write("1-1", 1, "a\nb\n");
  await write("1-1", 2, "c\n");
  await write("2-2", 1, "d\n");
  await write("2-3", 1, "e\nf\ng\n");
  expect((await linesOf({ tail: 2 })).toSorted()).toEqual([
    "1-1 b",
    "1-1 c",
    "2-2 d",
    "2-3 f",
    "2-3 g",
  ]);
});

test("a line without end is given in pieces", async () => {
  const long = "x".repeat(3 * 1024 * 1024);
  await write("1-1", 1, `${long}\nnext\n`);
  const lines: string[] = [];
  for await (const { text } of readLogs(root, everything, AbortSignal.timeout(5000))) {
    lines.push(text);
  }
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.slice(0, -1).join("")).toBe(long);
  expect(lines.at(-1)).toBe("next");
});

test("follows a log that was cut from its new beginning", async () => {
  const path = await write("1-1", 1, "one\ntwo\nhal");
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const line of readLogs(root, { ...everything, follow: true }, stop.signal)) {
    seen.push(line.text);
    if (seen.length === 2) await writeFile(path, "new\n");
    if (seen.length === 3) stop.abort();
  }
  expect(seen).toEqual(["one", "two", "new"]);
});

test("cuts a log that grew too long to whole lines at its end, and the writer goes on", async () => {
  const path = await write("1-1", 1, `${"x".repeat(79)}\n`.repeat(40_000));
  using keeper = new LogKeeper({
    root,
    living: () => new Set(["1-1"]),
    written: () => [],
    event: () => undefined,
  });
  await keeper.tidy(2 * 1024 * 1024);
  const { size } = await stat(path);
  expect(size).toBeLessThanOrEqual(1024 * 1024);
  expect(size).toBeGreaterThan(900_000);
  await appendFile(path, "the last line\n");
  const text = await readFile(path, "utf8");
  expect(
    text
      .split("\n")
      .slice(0, -2)
      .every((line) => line === "x".repeat(79)),
  ).toBe(true);
  expect(text.endsWith("the last line\n")).toBe(true);
});

test("removes the oldest logs of replicas that are gone, never those of living ones", async () => {
  for (let n = 1; n <= 203; n += 1) await write(`1-${n}`, 1, "x\n");
  using keeper = new LogKeeper({
    root,
    living: () => new Set(["1-1"]),
    written: () => [],
    event: () => undefined,
  });
  await keeper.tidy();
  const left = await readdir(root);
  expect(left).toContain("1-1");
  expect(left).not.toContain("1-2");
  expect(left).not.toContain("1-3");
  expect(left).toHaveLength(201);
});
