import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newApp, type ReleaseRecord, type RevisionContent, requestRelease } from "@hitless/core";
import { exampleSettings, FakeStore } from "@hitless/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { contentSpec, place, SaidArtifacts } from "../testing/controller-bed.ts";
import { RevisionMaker } from "./revision-maker.ts";

function bed() {
  const store = new FakeStore();
  const artifacts = new SaidArtifacts();
  return { store, artifacts, maker: new RevisionMaker(store, artifacts) };
}

test("the digest does not depend on the order of keys, nor on a trip through a file", async () => {
  const { maker } = bed();
  const content = await maker.contentOf(contentSpec({ config: { A: "1", B: "2" } }), place);
  const digest = maker.digestOf(content);
  fc.assert(
    fc.property(fc.infiniteStream(fc.integer({ min: -1, max: 1 })), (order) => {
      expect(maker.digestOf(shuffled(content, order))).toBe(digest);
    }),
    { numRuns: 50 },
  );
  const stored: RevisionContent = JSON.parse(JSON.stringify(content));
  expect(maker.digestOf(stored)).toBe(digest);
});

function shuffled<T>(value: T, order: Iterator<number>): T;
function shuffled(value: unknown, order: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((each) => shuffled(each, order));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([k, v]) => [k, shuffled(v, order)] as const);
  return Object.fromEntries(entries.sort(() => Number(order.next().value)));
}

test("the digest changes with config, probes, command, secrets and bytes", async () => {
  const { maker, artifacts } = bed();
  const digestOf = async (changes: Record<string, unknown> = {}) =>
    maker.digestOf(await maker.contentOf(contentSpec(changes), place));
  const digests = [
    await digestOf(),
    await digestOf({ config: { LEVEL: "info" } }),
    await digestOf({ config: { LEVEL: "debug" } }),
    await digestOf({ probes: { readiness: { path: "/other" } } }),
    await digestOf({ run: ["node", "server.js"] }),
    await digestOf({ secrets: ["TOKEN"] }),
    await digestOf({ minReadySeconds: 3 }),
  ];
  artifacts.digest = "second";
  digests.push(await digestOf());
  expect(new Set(digests).size).toBe(digests.length);
});

test("settings are no part of it", async () => {
  const { maker } = bed();
  const one = await maker.contentOf(contentSpec({ replicas: 1 }), place);
  const nine = await maker.contentOf(contentSpec({ replicas: 9 }), place);
  expect(maker.digestOf(one)).toBe(maker.digestOf(nine));
});

test("takes the values of envFile, and says which file cannot be read", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hitless-maker-"));
  try {
    const { maker } = bed();
    const at = { appDir: dir, appFile: join(dir, "hitless.yaml") };
    const spec = contentSpec({ envFile: "prod.env" });
    await expect(maker.contentOf(spec, at)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      path: ["envFile"],
      message: expect.stringContaining(join(dir, "prod.env")),
    });
    await writeFile(join(dir, "prod.env"), "# about\nURL='http://a b'\nEMPTY=\n");
    const before = await maker.contentOf(spec, at);
    expect(before.run.env).toEqual({ URL: "http://a b", EMPTY: "" });
    await writeFile(join(dir, "prod.env"), "URL=http://other\n");
    const after = await maker.contentOf(spec, at);
    expect(maker.digestOf(after)).not.toBe(maker.digestOf(before));
    expect(await maker.plannedContent(spec, at)).toEqual(after);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("a number is never given twice, also when its revision is kept no more", async () => {
  const { maker, store } = bed();
  const content = await maker.contentOf(contentSpec(), place);
  const first = await maker.make(content, "one");
  const second = await maker.make(content, "two");
  const record: ReleaseRecord = {
    id: 1,
    kind: "release",
    cause: "two",
    from: first.number,
    to: second.number,
    outcome: "failed",
    reason: null,
    startedAt: 1,
    endedAt: 2,
  };
  await store.addRecord(record);
  await store.removeRevision(second.number);
  const third = await maker.make(content, "three");
  expect([first.number, second.number, third.number]).toEqual([1, 2, 3]);
});

test("a number that lost its place in the queue is not given again, although nothing is left of it", async () => {
  const { maker, store } = bed();
  const content = await maker.contentOf(contentSpec(), place);
  const at = { now: 1, by: "alice", busy: "queue" } as const;
  let app = newApp("shop", exampleSettings);
  for (const cause of ["one", "two", "three"]) {
    const { number } = await maker.make(content, cause);
    app = requestRelease(app, { to: number, kind: "release", cause, requestedAt: 1 }, at);
  }
  await store.save({ ...app, pending: null });
  for (const number of [2, 3]) await store.removeRevision(number);
  expect((await maker.make(content, "four")).number).toBe(4);
});

test("a revision made again has the digest of the old one and a number of its own", async () => {
  const { maker } = bed();
  const old = await maker.make(await maker.contentOf(contentSpec(), place), "first");
  const again = await maker.again(old, "restart");
  expect(again).toMatchObject({ digest: old.digest, number: 2, cause: "restart" });
  expect(again.createdAt).toBeGreaterThanOrEqual(old.createdAt);
});
