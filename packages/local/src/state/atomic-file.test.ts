import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readJsonIfPresent, writeFileAtomic } from "./atomic-file.ts";
import { hasErrno } from "./errno.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hitless-atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("replaces a file with the mode asked for and leaves nothing beside it", async () => {
  const path = join(folder, "state.json");
  writeFileSync(path, "old");
  chmodSync(path, 0o666);
  await writeFileAtomic(path, '{"a":1}', { mode: 0o640 });
  expect(await readJsonIfPresent(path)).toEqual({ a: 1 });
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toEqual(["state.json"]);
});

it("keeps the old file when the new one cannot take its place", async () => {
  const path = join(folder, "taken");
  await writeFileAtomic(join(folder, "other"), "x");
  mkdirSync(path);
  writeFileSync(join(path, "kept"), "old");
  await expect(writeFileAtomic(path, "new")).rejects.toSatisfy((error) =>
    hasErrno(error, "EISDIR", "ENOTEMPTY", "EEXIST"),
  );
  expect(readFileSync(join(path, "kept"), "utf8")).toBe("old");
  expect(readdirSync(folder).toSorted()).toEqual(["other", "taken"]);
});

it("lets many writers of one file end with the whole text of one of them", async () => {
  const path = join(folder, "contended");
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(5_000));
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  expect(texts).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(folder)).toEqual(["contended"]);
});

it("answers undefined for a file that is absent and names one that is no JSON", async () => {
  const path = join(folder, "bad.json");
  expect(await readJsonIfPresent(path)).toBeUndefined();
  writeFileSync(path, '{"a":');
  await expect(readJsonIfPresent(path)).rejects.toMatchObject({
    code: "STATE_UNREADABLE",
    message: expect.stringContaining(path),
  });
});
