import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AuditEntry, defaultFront, newApp, type ReleaseRecord } from "@hitless/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { loadEngineState } from "../engine-state.ts";
import { FileStore } from "./file-store.ts";
import { LineLog } from "./line-log.ts";
import { createState, locateState } from "./state-folder.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hitless-state-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const settings = {
  replicas: 2,
  strategy: { kind: "rolling", maxSurge: 1, maxUnavailable: 0 },
  host: "127.0.0.1",
  port: 8080,
  progressDeadlineSeconds: 120,
  keepRevisions: 10,
  proxy: defaultFront,
} as const;

const record: ReleaseRecord = {
  id: 1,
  kind: "release",
  cause: "first",
  from: null,
  to: 1,
  outcome: "succeeded",
  reason: null,
  startedAt: 1,
  endedAt: 2,
};

const entry: AuditEntry = {
  at: 1,
  request: "r1",
  who: { name: "alice", origin: null },
  command: "scale",
  arguments: { replicas: 3 },
  before: null,
  after: null,
  result: { kind: "accepted" },
};

async function openStore(): Promise<FileStore> {
  const folder = await locateState(dir);
  await createState(folder);
  return new FileStore(folder);
}

test("an app that was saved is found again by the next controller", async () => {
  const app = newApp("shop", settings);
  await (await openStore()).save(app);
  expect(await (await openStore()).load()).toEqual(app);
});

test("what an older version did not know of clients is as it was then", async () => {
  const app = newApp("shop", settings);
  const store = await openStore();
  await store.save(app);
  const path = join(dir, ".hitless", "app.json");
  const text = await readFile(path, "utf8");
  const older = text.replace(/"proxy":\s*\{[^}]*\}/u, '"proxy":{"maxConnections":10000}');
  expect(older).not.toBe(text);
  await writeFile(path, older);
  expect((await (await openStore()).load())?.settings.proxy).toEqual(defaultFront);
});

test("a row of history is written once, however often it is added", async () => {
  const store = await openStore();
  await store.addRecord(record);
  await store.addRecord(record);
  const next = await openStore();
  await next.addRecord(record);
  expect(await (await openStore()).history()).toEqual([record]);
});

test("a stray line in the history is no release", async () => {
  const store = await openStore();
  await appendFile(join(dir, ".hitless", "history.jsonl"), '5\n{"schema":1,"value":{}}\n');
  await store.addRecord(record);
  expect(await (await openStore()).history()).toEqual([record]);
});

test("an app without its engine state is refused, not begun anew", async () => {
  const path = join(dir, "engine.json");
  await expect(loadEngineState(path, true)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  expect(await loadEngineState(path)).toMatchObject({ replicas: [], token: 0 });
});

test("refuses a state file of a newer version and leaves it alone", async () => {
  const store = await openStore();
  const path = join(dir, ".hitless", "app.json");
  await writeFile(path, '{"schema":99,"value":{}}');
  await expect(store.load()).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  expect(await readFile(path, "utf8")).toBe('{"schema":99,"value":{}}');
});

test("keeps the state and the sockets to their owner", async () => {
  await openStore();
  const folder = await locateState(dir);
  for (const path of [folder.revisions, folder.persist, join(folder.sockets.control, "..")]) {
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  }
  // Replicas of another user pass through these, and can list none.
  for (const path of [folder.root, folder.checkouts, folder.logs]) {
    expect((await stat(path)).mode & 0o777).toBe(0o711);
  }
});

test("a torn last line is skipped, and the next line starts anew", async () => {
  const path = join(dir, "lines.jsonl");
  const shape = z.object({ n: z.number() });
  await new LineLog(path, shape).append({ n: 1 });
  await appendFile(path, '{"n":2,"text":"to');
  const log = new LineLog(path, shape);
  const damage = [`${path}: line 2 of 2 is left out: its 17 bytes are no whole JSON`];
  expect(await log.examine()).toEqual({ values: [{ n: 1 }], damage });
  await log.append({ n: 3 });
  expect(await log.read()).toEqual([{ n: 1 }, { n: 3 }]);
  expect((await log.examine()).damage).toEqual([damage[0]?.replace("of 2", "of 3")]);
});

test("a torn line of the audit log is left out and told of", async () => {
  const store = await openStore();
  await store.addAudit(entry);
  await appendFile(join(dir, ".hitless", "audit.jsonl"), '{"at":5,"who":{"na');
  const { entries, damage } = await (await openStore()).audit();
  expect(entries).toEqual([entry]);
  expect(damage).toEqual([expect.stringMatching(/audit\.jsonl: line 2/)]);
  await store.addAudit({ ...entry, at: 6 });
  expect((await store.audit()).entries.map((e) => e.at)).toEqual([1, 6]);
});

test("a log with a bound keeps the newest lines in two files", async () => {
  const path = join(dir, "lines.jsonl");
  const log = new LineLog(path, z.number(), 1200);
  for (let n = 0; n < 200; n += 1) await log.append(n);
  const kept = await log.read();
  expect(kept.at(-1)).toBe(199);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, n) => 200 - kept.length + n));
  expect((await stat(path)).size + (await stat(`${path}.1`)).size).toBeLessThan(2600);
});

test("a log that becomes the older one while it is read is read whole", async () => {
  const path = join(dir, "lines.jsonl");
  const log = new LineLog(path, z.number(), 400);
  let written = 0;
  const writing = (async () => {
    for (; written < 400; written += 1) await log.append(written);
  })();
  const reader = new LineLog(path, z.number());
  let last = -1;
  try {
    while (written < 400) {
      const before = written;
      const lines = await reader.read();
      expect(lines).toEqual(lines.map((_, at) => (lines[0] ?? 0) + at));
      // What was appended before is there: the present file is never missing.
      expect(lines.at(-1) ?? -1).toBeGreaterThanOrEqual(Math.max(last, before - 1));
      last = lines.at(-1) ?? -1;
    }
  } finally {
    await writing;
  }
  expect(last).toBeGreaterThan(0);
});

test("lines keep the order of the calls", async () => {
  const log = new LineLog(join(dir, "lines.jsonl"), z.number());
  await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(n)));
  expect(await log.read()).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test("a damaged note of the sockets moves nobody to other ones", async () => {
  const before = (await locateState(dir)).sockets;
  await openStore();
  const listener = createServer().listen(before.control);
  await once(listener, "listening");
  try {
    for (const text of ["", '{"schema":2,', "{}"]) {
      await writeFile(join(dir, ".hitless", "sockets.json"), text);
      expect((await locateState(dir)).sockets).toEqual(before);
    }
  } finally {
    listener.close();
  }
});
