import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noDrains } from "@hitless/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadEngineState } from "../engine-state.ts";
import { FileStore } from "./file-store.ts";
import { mendState } from "./mend-state.ts";
import { locateState, type StateFolder } from "./state-folder.ts";

/** Written by version 1 in the middle of a release, one waiting behind it, four in its history. */
const version1 = join(import.meta.dirname, "fixtures/version-1");

let dir = "";
let folder: StateFolder;
beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "hitless-mend-")));
  cpSync(version1, join(dir, ".hitless"), { recursive: true });
  folder = await locateState(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string) => join(folder.root, name);

/** Everything that a controller finds again. */
async function everything() {
  const store = new FileStore(folder);
  return {
    app: await store.load(),
    engine: await loadEngineState(folder.engine, true),
    revisions: await Promise.all((await store.revisions()).map((n) => store.revision(n))),
    history: await store.history(),
    events: await store.events(),
  };
}

/** Files that are kept twice, from the root of the state. */
function keptTwice(): readonly string[] {
  return readdirSync(folder.root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".copy"))
    .map((name) => name.slice(0, -".copy".length))
    .toSorted();
}

it("reads the folder of version 1 whole, and writes it anew as this version", async () => {
  const before = await everything();
  expect(before.app).toMatchObject({
    stable: 1,
    release: { id: 5, to: 4, paused: { by: "root" } },
    pending: { to: 5, id: 6, by: "unknown" },
    releases: 6,
    ended: 4,
  });
  expect(before.engine.replicas.map((r) => r.id)).toEqual(["1-6", "1-7", "4-9", "4-10"]);
  expect(before.revisions.map((r) => r?.number)).toEqual([1, 2, 4, 5]);
  expect(before.history.map((r) => r.outcome)).toEqual([
    "succeeded",
    "succeeded",
    "failed",
    "succeeded",
  ]);
  expect(before.events).toHaveLength(54);
  // What a schema leaves out would be forgotten here.
  const { app } = before;
  expect(app).toMatchObject({
    ...JSON.parse(readFileSync(folder.app, "utf8")).value,
    releases: 6,
  });
  expect(before.engine).toEqual({
    ...JSON.parse(readFileSync(folder.engine, "utf8")).value,
    drains: noDrains,
  });
  expect(before.revisions[0]).toEqual(
    JSON.parse(readFileSync(at("revisions/1.json"), "utf8")).value,
  );
  expect(await mendState(folder)).toEqual([]);
  expect(await everything()).toEqual(before);
  expect(keptTwice()).toHaveLength(10);
  for (const name of keptTwice()) {
    expect(JSON.parse(readFileSync(at(name), "utf8"))).toMatchObject({ schema: 2, writes: 1 });
    expect(readFileSync(at(name))).toEqual(readFileSync(`${at(name)}.copy`));
  }
});

it("finds everything again when any one file is cut anywhere, and says which it was", async () => {
  await mendState(folder);
  const before = await everything();
  for (const name of keptTwice().flatMap((each) => [each, `${each}.copy`])) {
    const whole = readFileSync(at(name));
    for (const length of [0, whole.length - 2]) {
      writeFileSync(at(name), whole.subarray(0, length));
      expect(await everything()).toEqual(before);
      expect(await mendState(folder)).toEqual([expect.stringContaining(`${at(name)}: `)]);
      expect(await mendState(folder)).toEqual([]);
      expect(await everything()).toEqual(before);
    }
  }
});

it("refuses a folder whose file and copy are both cut, by name, and changes nothing", async () => {
  await mendState(folder);
  for (const name of keptTwice()) {
    const whole = readFileSync(at(name));
    for (const path of [at(name), `${at(name)}.copy`]) writeFileSync(path, whole.subarray(0, 20));
    await expect(mendState(folder)).rejects.toMatchObject({
      code: "STATE_UNREADABLE",
      message: expect.stringContaining(`${at(name)}: its 20 bytes are no whole JSON`),
    });
    expect(readFileSync(at(name))).toHaveLength(20);
    for (const path of [at(name), `${at(name)}.copy`]) writeFileSync(path, whole);
  }
});

it("refuses a folder of the next version by the name of the file, and changes nothing", async () => {
  await mendState(folder);
  for (const name of [...keptTwice(), "history.jsonl", "events.jsonl"]) {
    const whole = readFileSync(at(name), "utf8");
    writeFileSync(at(name), whole.replace('"schema":2', '"schema":3'));
    if (name.endsWith("jsonl")) appendFileSync(at(name), '{"schema":3,"value":{}}\n');
    const line = name.endsWith("jsonl") ? `: line ${whole.split("\n").length}` : "";
    await expect(mendState(folder)).rejects.toMatchObject({
      code: "STATE_UNREADABLE",
      message: `${at(name)}${line} was written by a newer Hitless (schema 3; this one reads up to 2)`,
    });
    writeFileSync(at(name), whole);
  }
});

it("leaves out the lines of a log that cannot be read, and says which they were", async () => {
  await mendState(folder);
  const lines = readFileSync(folder.history, "utf8").split("\n");
  const torn = [lines[0], '{"id":', lines[2], lines[3]?.slice(0, 30)].join("\n");
  writeFileSync(folder.history, torn);
  const { history } = folder;
  expect(await mendState(folder)).toEqual([
    `${history}: line 2 of 4 is left out: its 6 bytes are no whole JSON`,
    `${history}: line 4 of 4 is left out: its 30 bytes are no whole JSON`,
    `${history} has 2 of 4 releases that have ended`,
  ]);
  const store = new FileStore(folder);
  const [first] = await store.history();
  if (first === undefined) throw new Error("no first row");
  await store.addRecord({ ...first, id: 4 });
  expect((await new FileStore(folder).history()).map((r) => r.id)).toEqual([1, 3, 4]);
});

it("refuses to begin anew where an app was, and to go on without a revision that serves", async () => {
  await mendState(folder);
  rmSync(at("revisions/1.json"));
  rmSync(at("revisions/1.json.copy"));
  await expect(mendState(folder)).rejects.toMatchObject({
    code: "STATE_UNREADABLE",
    message: `${at("revisions/1.json")} is missing, but ${folder.app} needs it`,
  });
  for (const path of [folder.app, `${folder.app}.copy`]) rmSync(path);
  await expect(mendState(folder)).rejects.toMatchObject({
    message: `${folder.app} is missing, but ${folder.history} has 4 releases`,
  });
  rmSync(folder.history);
  await expect(mendState(folder)).rejects.toMatchObject({
    message: `${folder.app} is missing, but ${folder.engine} has replicas of it`,
  });
  // As a first start that was cut short leaves it.
  rmSync(folder.engine);
  rmSync(`${folder.engine}.copy`);
  expect(await mendState(folder)).toEqual([]);
});
