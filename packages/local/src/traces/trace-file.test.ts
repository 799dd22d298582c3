import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newApp } from "@hitless/core";
import { exampleSettings, replayTrace } from "@hitless/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TraceFile } from "./trace-file.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hitless-traces-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const app = newApp("shop", exampleSettings);

function recordSaves(folder: string, count: number): readonly string[] {
  const events: string[] = [];
  const trace = new TraceFile({ folder, mostBytes: 300, event: (text) => events.push(text) });
  for (let n = 0; n < count; n += 1) {
    trace.saved({ ...app, desired: { ...app.desired, replicas: n } }, `save ${n}`);
  }
  return events;
}

test("a full file is followed by another one that can be read by itself; the oldest go", async () => {
  const folder = join(root, "traces");
  recordSaves(folder, 40);
  const names = (await readdir(folder)).sort();
  expect(names).toHaveLength(10);
  for (const name of names) {
    const lines = (await readFile(join(folder, name), "utf8")).trimEnd().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ kind: "start", app: { name: "shop" } });
    expect(replayTrace(lines).differences).toEqual([]);
  }
  const last = await readFile(join(folder, names.at(-1) ?? ""), "utf8");
  expect(last).toContain("save 39");
});

test("a trace that cannot be written ends, says so once, and disturbs nobody", async () => {
  const folder = join(root, "file");
  await writeFile(folder, "");
  const events = recordSaves(folder, 3);
  expect(events).toHaveLength(1);
  expect(events[0]).toContain("the trace ends");
});
