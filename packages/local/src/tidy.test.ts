import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, newApp } from "@hitless/core";
import { exampleSettings } from "@hitless/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LocalArtifactStore } from "./artifacts/artifact-store.ts";
import { revisionOf } from "./replicas/fixtures/bench.ts";
import { FileStore } from "./state/file-store.ts";
import { createState, locateState, type StateFolder } from "./state/state-folder.ts";
import { tidyState } from "./tidy.ts";

let root: string;
let folder: StateFolder;
let store: FileStore;
let artifacts: LocalArtifactStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hitless-tidy-"));
  folder = await locateState(root);
  await createState(folder);
  store = new FileStore(folder);
  artifacts = new LocalArtifactStore(folder.artifacts);
});
afterEach(async () => {
  await rm(join(folder.sockets.control, ".."), { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
});

it("keeps what served or is needed, and removes a revision and an artifact that nothing came of", async () => {
  const digests = [await release(1), await release(2), await release(3)];
  await saveEngine([1]);
  const app = served(1);
  expect(await tidyState({ folder, store, artifacts, app })).toEqual([
    "revision 2, which no release came to",
    "revision 3, which no release came to",
  ]);
  expect(await store.revisions()).toEqual([1]);
  expect(await artifacts.list()).toEqual([digests[0]]);
});

it("removes files that were half written, and no others", async () => {
  await release(1);
  await saveEngine([1]);
  const torn = [
    join(folder.root, `.engine.json.tmp-${randomUUID()}`),
    join(folder.revisions, `.2.json.tmp-${randomUUID()}`),
  ];
  const others = `.sockets.json.tmp-${randomUUID()}`;
  for (const path of [...torn, join(folder.root, others)]) await writeFile(path, "{");
  const before = await readdir(folder.root);
  const removed = await tidyState({ folder, store, artifacts, app: served(1) });
  expect(removed).toHaveLength(2);
  const after = await readdir(folder.root);
  expect(before.filter((name) => !after.includes(name))).toEqual([torn[0]?.split("/").at(-1)]);
  expect(await readdir(folder.revisions)).toEqual(["1.json", "1.json.copy"]);
});

it("clears away a first start that never came to a release, and a lost app's revisions never", async () => {
  await release(1);
  expect(await tidyState({ folder, store, artifacts, app: null })).toHaveLength(1);
  expect(await artifacts.list()).toEqual([]);
  await release(1);
  await saveEngine([1]);
  expect(await tidyState({ folder, store, artifacts, app: null })).toEqual([]);
  expect(await store.revisions()).toEqual([1]);
  expect(await artifacts.list()).toHaveLength(1);
});

it("removes nothing when a revision that is needed cannot be read", async () => {
  await release(1);
  await release(2);
  await saveEngine([1]);
  for (const name of ["1.json", "1.json.copy"]) await writeFile(join(folder.revisions, name), "{");
  const tidied = tidyState({ folder, store, artifacts, app: served(1) });
  await expect(tidied).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
  expect(await store.revisions()).toEqual([1, 2]);
  expect(await artifacts.list()).toHaveLength(2);
});

/** Stores a revision with files of its own; its artifact's digest. */
async function release(number: number): Promise<string> {
  await writeFile(join(root, "file"), `of revision ${number}`);
  const source = { dir: root, exclude: [], never: [folder.root] };
  const { kind, digest, files, bytes } = await artifacts.capture(source);
  const artifact = { kind, digest, files, bytes };
  await store.addRevision({ ...revisionOf({}), number, artifact });
  return digest;
}

function served(number: number): App {
  return { ...newApp("shop", exampleSettings), stable: number, served: [number] };
}

async function saveEngine(numbers: readonly number[]): Promise<void> {
  const revisions = numbers.map((revision) => ({ revision, level: 1, exits: 0, lastExit: null }));
  const route = { generation: 0, rule: { kind: "byReplica", revisions: [] } };
  const value = { token: 1, route, proxyGeneration: 1, lastReplica: 1, revisions, replicas: [] };
  await writeFile(folder.engine, JSON.stringify({ schema: 1, value }));
}
