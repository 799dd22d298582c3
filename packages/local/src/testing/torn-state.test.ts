import { appendFileSync, cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hookNotesShape, outboxShape } from "@hitless/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { locateState } from "../state/state-folder.ts";
import { VersionedFile } from "../state/versioned-file.ts";
import { cutEverywhere } from "./cut-everywhere.ts";
import { loseEveryWrite } from "./lost-writes.ts";
import { storeCallsOfALife } from "./state-history.ts";

let dir = "";
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "hitless-torn-")));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("loses nothing when any state file is cut, refuses both by name, tells every line", async () => {
  const version1 = join(import.meta.dirname, "../state/fixtures/version-1");
  cpSync(version1, join(dir, ".hitless"), { recursive: true });
  appendFileSync(join(dir, ".hitless/audit.jsonl"), "");
  // Files that version 1 did not know.
  const folder = await locateState(dir);
  const leader = { bootId: "b", pid: 1, startTime: "1" };
  await new VersionedFile(folder.hooks, hookNotesShape).write([{ key: "shop/1/a", leader }]);
  const box = { origin: "o", ended: 1, told: ["o/1/started"], queue: [] };
  await new VersionedFile(folder.notices, outboxShape).write(box);
  const { cuts, files, faults } = await cutEverywhere(dir, 61);
  expect(faults).toEqual([]);
  expect(files).toBe(27);
  expect(cuts).toBeGreaterThan(400);
}, 60_000);

it("loses nothing silently when any single write is lost", async () => {
  const calls = (await storeCallsOfALife()).slice(0, 24);
  const { writes, faults } = await loseEveryWrite(dir, calls);
  expect(faults).toEqual([]);
  expect(writes).toBeGreaterThan(40);
}, 60_000);
