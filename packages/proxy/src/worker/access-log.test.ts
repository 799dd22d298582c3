import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { open, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as logs from "../log-line.ts";
import { Cleanup, eventually, temporaryFolder } from "../testing/proxy-harness.ts";
import { accessLine, type Outcome, refusalLine } from "./access-line.ts";
import { AccessLog, type AccessLogOptions } from "./access-log.ts";

const cleanup = new Cleanup();
let folder = "";
let path = "";

beforeEach(async () => {
  folder = await temporaryFolder(cleanup);
  path = join(folder, "access.log");
});

afterEach(() => cleanup.run());

function openLog(options: Partial<AccessLogOptions> = {}): AccessLog {
  const log = new AccessLog({ path, ...options });
  cleanup.add(() => log.close());
  return log;
}

const linesOf = async (file: string) => (await readFile(file, "utf8")).split("\n").slice(0, -1);
const written = (file: string) => linesOf(file).catch((): string[] => []);

const head = {
  method: "GET",
  target: "/a?b",
  host: "shop",
  header: (name: string) => (name === "user-agent" ? "curl/8" : null),
};
const asker = { client: "203.0.113.9", requestId: "id-1" };
const outcome: Outcome = {
  status: 200,
  bytes: 321,
  ms: 1.23456,
  replica: { id: "3-1", revision: 3 },
  retries: 1,
  reason: null,
};
const nine = Date.UTC(2026, 10, 21, 9, 5, 7, 42);

function at(ms: number): void {
  const clock = vi.spyOn(Date, "now").mockReturnValue(ms);
  cleanup.add(() => clock.mockRestore());
}

test("a line is JSON with a fixed set of fields, whatever happened", () => {
  at(nine);
  const line = JSON.parse(accessLine(head, asker, outcome));
  expect(line).toEqual({
    ...{ time: "2026-11-21T09:05:07.040Z", client: "203.0.113.9", id: "id-1" },
    ...{ method: "GET", target: "/a?b", host: "shop", userAgent: "curl/8", status: 200 },
    ...{ bytes: 321, ms: 1.235, revision: 3, replica: "3-1", reason: null, retries: 1 },
  });
  const refused = JSON.parse(refusalLine("203.0.113.9", "bad-request"));
  expect(Object.keys(refused)).toEqual(Object.keys(line));
  expect(refused).toMatchObject({ status: 400, reason: "bad-request" });
});

test("without an answer of a replica the status is the proxy's, or none", () => {
  const statusOf = (reason: Outcome["reason"]) =>
    JSON.parse(accessLine(head, asker, { ...outcome, status: null, replica: null, reason })).status;
  expect(statusOf("response-timeout")).toBe(504);
  expect(statusOf("abandoned")).toBe(null);
});

test("nothing that a client sends ends a line or a value, or is anything but ASCII", () => {
  const nasty = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
  const request = { ...head, target: nasty, host: nasty, header: () => nasty };
  const line = accessLine(request, { client: nasty, requestId: nasty }, outcome);
  expect(line).toMatch(/^[\x20-\x7e]+\n$/);
  const fields = { id: nasty, target: nasty, host: nasty, userAgent: nasty, client: nasty };
  expect(JSON.parse(line)).toMatchObject(fields);
});

test("the time goes on over a second", () => {
  const times = [0, 957, 958, 2000].map((ms) => {
    at(nine + ms);
    return JSON.parse(accessLine(head, asker, { ...outcome, ms: 0 })).time.slice(17);
  });
  expect(times).toEqual(["07.042Z", "07.999Z", "08.000Z", "09.042Z"]);
});

test("several workers append whole lines to one file", async () => {
  const workers = Array.from({ length: 4 }, () => openLog());
  const text = "x".repeat(200);
  for (let i = 0; i < 2000; i += 1) {
    for (const [at, log] of workers.entries()) log.add(`{"w":${at},"i":${i},"x":"${text}"}\n`);
    if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const log of workers) await log.close();
  const lines = await linesOf(path);
  expect(lines).toHaveLength(8000);
  for (const at of workers.keys()) {
    const own = lines.map((line) => JSON.parse(line)).filter((line) => line.w === at);
    expect(own.map((line) => line.i)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  }
});

test("a file that was moved away or removed is made again", async () => {
  const log = openLog({ lookEveryMs: 0 });
  log.add("one\n");
  await eventually(async () => (await written(path)).length === 1);
  await rename(path, `${path}.old`);
  log.add("two\n");
  await eventually(async () => (await written(path)).includes("two"));
  await rm(path);
  log.add("three\n");
  await eventually(async () => (await written(path)).includes("three"));
  expect(await linesOf(`${path}.old`)).toEqual(["one"]);
});

test("a file that grew too long is laid aside, and of those the newest stay", async () => {
  const log = openLog({ maxFileBytes: 100, lookEveryMs: 0 });
  for (let i = 0; i < 12; i += 1) {
    log.add(`${i} ${"x".repeat(120)}\n`);
    await eventually(async () => (await written(path))[0]?.startsWith(`${i} `) === true);
  }
  const aside = (await readdir(folder)).filter((name) => name.startsWith("access.log."));
  expect(aside).toHaveLength(4);
  const kept = await Promise.all(aside.sort().map((name) => linesOf(join(folder, name))));
  expect(kept.map(([line]) => line?.split(" ")[0])).toEqual(["7", "8", "9", "10"]);
});

test("what a full disk does not take is counted and told, and it goes on when there is room", async () => {
  const told = vi.spyOn(logs, "logLine").mockImplementation(() => undefined);
  cleanup.add(() => told.mockRestore());
  await symlink("/dev/full", path);
  const log = openLog({ lookEveryMs: 0 });
  log.add("one\ntwo\n");
  await eventually(() => log.dropped === 2);
  await rm(path);
  log.add("three\n");
  await eventually(async () => (await written(path)).includes("three"));
  expect(await linesOf(path)).toEqual(["three"]);
  expect(log.dropped).toBe(0);
  const said = told.mock.calls.map(([text]) => text.replace(/^worker \d+: /, ""));
  expect(said[0]).toMatch(/^the access log loses lines: .*ENOSPC/);
  expect(said[1]).toBe("the access log goes on; 2 lines were lost");
});

test("a pipe that nobody reads takes no line and no thread, and goes on with a reader", async () => {
  execFileSync("mkfifo", [path]);
  const said = vi.spyOn(logs, "logLine").mockImplementation(() => undefined);
  cleanup.add(() => said.mockRestore());
  const log = openLog();
  log.add("one\n");
  await eventually(() => log.dropped === 1);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  cleanup.add(() => reader.close());
  log.add("two\n");
  const read = async () => (await reader.read(Buffer.alloc(9)).catch(() => null))?.bytesRead;
  await eventually(async () => (await read()) === 4);
  expect(said.mock.calls.map(([line]) => line)).toEqual([
    expect.stringContaining("loses lines: Error: ENXIO"),
    expect.stringContaining("goes on; 1 lines were lost"),
  ]);
});
