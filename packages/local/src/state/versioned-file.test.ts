import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { VersionedFile } from "./versioned-file.ts";

const shape = z.object({ name: z.string(), at: z.object({ steps: z.array(z.number()) }) });
const value = (name: string) => ({ name, at: { steps: [1, 2] } });

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hitless-versioned-"));
  path = join(folder, "state.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const fresh = () => new VersionedFile(path, shape);
const both = (text: string | Uint8Array) => {
  writeFileSync(path, text);
  writeFileSync(`${path}.copy`, text);
};

it("reads what was written last, and null where nothing was", async () => {
  expect(await fresh().read()).toBeNull();
  const file = fresh();
  await file.write(value("old"));
  await file.write(value("new"));
  expect(await fresh().read()).toEqual(value("new"));
  expect(await fresh().mend()).toEqual([]);
});

it("writes nothing that it could not read back", async () => {
  const file = fresh();
  await file.write(value("whole"));
  const unfit = { name: "unfit", at: { steps: [Number.NaN] } };
  await expect(file.write(unfit)).rejects.toThrow("at.steps");
  expect(await fresh().read()).toEqual(value("whole"));
  await file.write(value("next"));
  expect(await fresh().read()).toEqual(value("next"));
});

it("loses nothing when the file or its copy is cut at any byte, says which, and mends it", async () => {
  await fresh().write(value("kept"));
  const whole = readFileSync(path);
  for (const [torn, used] of [
    [path, `${path}.copy`],
    [`${path}.copy`, path],
  ] as const) {
    // Without its last byte, the newline, it is still whole.
    for (let length = 0; length < whole.length - 1; length += 1) {
      writeFileSync(torn, whole.subarray(0, length));
      expect(await fresh().read()).toEqual(value("kept"));
      const reason = length === 0 ? "it is empty" : `its ${length} bytes are no whole JSON`;
      expect(await fresh().mend()).toEqual([`${torn}: ${reason}; ${used} is used`]);
      expect(readFileSync(torn, "utf8")).toBe(readFileSync(used, "utf8"));
    }
  }
});

it("loses nothing when one of the two is gone, or lacks its last write", async () => {
  const file = fresh();
  await file.write(value("old"));
  const old = readFileSync(path);
  await file.write(value("new"));
  writeFileSync(path, old);
  expect(await fresh().read()).toEqual(value("new"));
  expect(await fresh().mend()).toEqual([`${path} lacks its last write, which ${path}.copy has`]);
  writeFileSync(`${path}.copy`, old);
  expect(await fresh().read()).toEqual(value("new"));
  expect(await fresh().mend()).toEqual([]);
  for (const [gone, used] of [
    [path, `${path}.copy`],
    [`${path}.copy`, path],
  ] as const) {
    rmSync(gone);
    expect(await fresh().mend()).toEqual([`${gone} is missing; ${used} is used`]);
    expect(await fresh().read()).toEqual(value("new"));
  }
});

it.each([
  ["", "it is empty"],
  ["{}", "name: expected string, received undefined"],
  ['{"value":{}}', "name: expected string, received undefined"],
  ["null", "expected an object"],
  ['{"schema":2}', "value: "],
  ['{"schema":2,"value":{"name":"a","at":{"steps":[1,"x"]}}}', "at.steps[1]: expected number"],
  ['{"schema":1,"value":{"name":7}}', "name: expected string, received number"],
  ['{"schema":"two","value":{}}', "name: expected string"],
  [new Uint8Array([0xff, 0x00, 0x80]), "its 3 bytes are no whole JSON"],
])("refuses %j by name and place when both copies are that", async (text, reason) => {
  both(text);
  const refused = {
    code: "STATE_UNREADABLE",
    message: expect.stringContaining(`${path}: ${reason}`),
    next: expect.stringContaining("backup"),
  };
  await expect(fresh().read()).rejects.toMatchObject(refused);
  // Nor is it overwritten by one who never looked.
  await expect(fresh().write(value("new"))).rejects.toMatchObject(refused);
  expect(readFileSync(path)).toEqual(Buffer.from(text));
});

it("tells a newer version from damage, also when only the copy is newer", async () => {
  await fresh().write(value("mine"));
  writeFileSync(`${path}.copy`, '{"schema":3,"value":{}}');
  const refused = {
    code: "STATE_UNREADABLE",
    message: `${path}.copy was written by a newer Hitless (schema 3; this one reads up to 2)`,
  };
  await expect(fresh().read()).rejects.toMatchObject(refused);
  await expect(fresh().mend()).rejects.toMatchObject(refused);
  copyFileSync(`${path}.copy`, path);
  await expect(fresh().read()).rejects.toMatchObject({
    message: expect.stringContaining(`${path} was`),
  });
});

it.each([
  { schema: 1, value: value("old") },
  { version: 1, ...value("old") },
])("reads version 1 and mends it into this one", async (old) => {
  writeFileSync(path, JSON.stringify(old));
  expect(await fresh().read()).toEqual(value("old"));
  expect(await fresh().mend()).toEqual([]);
  expect(readdirSync(folder).toSorted()).toEqual(["state.json", "state.json.copy"]);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    schema: 2,
    writes: 1,
    value: value("old"),
  });
});

it("removes both", async () => {
  const file = fresh();
  await file.write(value("a"));
  await file.remove();
  expect(readdirSync(folder)).toEqual([]);
  await file.remove();
});

it("never gives the number of a write that failed half way to another one", async () => {
  const file = fresh();
  await file.write(value("old"));
  rmSync(`${path}.copy`);
  mkdirSync(`${path}.copy`);
  await expect(file.write(value("half"))).rejects.toThrow();
  const half = readFileSync(path);
  rmSync(`${path}.copy`, { recursive: true });
  await file.write(value("acknowledged"));
  // The power went, and of the last write only the copy reached the disk.
  writeFileSync(path, half);
  expect(await fresh().read()).toEqual(value("acknowledged"));
});
