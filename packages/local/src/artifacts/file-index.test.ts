import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileIndex, type KnownFile } from "./file-index.ts";

let folder: string;
let index: FileIndex;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hitless-index-"));
  index = new FileIndex(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = { ns: 5_000_000_000n, device: 1n };
const file = (changes: Partial<KnownFile> = {}): KnownFile => ({
  kind: "file",
  path: "a",
  mode: 0o644,
  size: 1,
  stamp: "1 2 3",
  changedNs: start.ns - 1n,
  device: start.device,
  sha256: "abc",
  ...changes,
});

async function knowsAfterSaving(saved: KnownFile, asked: KnownFile = saved): Promise<boolean> {
  await index.save("/src", start, [saved]);
  return (await index.load("/src"))(asked)?.sha256 === "abc";
}

it("knows a file that was last changed before the capture began", async () => {
  expect(await knowsAfterSaving(file())).toBe(true);
});

it("does not trust a file that changed in the tick in which the capture began, or later", async () => {
  expect(await knowsAfterSaving(file({ changedNs: start.ns }))).toBe(false);
  expect(await knowsAfterSaving(file({ changedNs: start.ns + 1n }))).toBe(false);
});

it("allows for a file system elsewhere that tells time in steps of two seconds", async () => {
  expect(await knowsAfterSaving(file({ device: 2n }))).toBe(false);
  const older = file({ device: 2n, changedNs: start.ns - 2_000_000_001n });
  expect(await knowsAfterSaving(older)).toBe(true);
});

it("does not know a file whose stamp, path or folder is another", async () => {
  expect(await knowsAfterSaving(file(), file({ stamp: "1 2 4" }))).toBe(false);
  expect(await knowsAfterSaving(file(), file({ path: "b" }))).toBe(false);
  expect((await index.load("/other"))(file())).toBeUndefined();
});

it("knows nothing when the index is damaged or of another version", async () => {
  await index.save("/src", start, [file()]);
  const [name = ""] = readdirSync(folder);
  for (const text of ['{"version":1', '{"version":2,"root":"/src","files":[]}']) {
    writeFileSync(join(folder, name), text);
    expect((await index.load("/src"))(file())).toBeUndefined();
  }
});

it("takes the time from the clock of its own file system and leaves no file behind", async () => {
  const first = await index.begin();
  const second = await index.begin();
  expect(second.ns).toBeGreaterThanOrEqual(first.ns);
  expect(second.device).toBe(first.device);
  expect(readdirSync(folder)).toEqual([]);
});
