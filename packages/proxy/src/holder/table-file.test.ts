import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { defaultFront } from "@hitless/core/traffic";
import { afterEach, expect, test } from "vitest";
import { readTable } from "../table.ts";
import { Cleanup, tableOf, temporaryFolder, upstream } from "../testing/proxy-harness.ts";
import { TableFile } from "./table-file.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test("reads back what it wrote, and leaves no temporary file", async () => {
  const folder = await temporaryFolder(cleanup);
  const file = new TableFile(folder);
  expect(await file.read()).toEqual({ table: null, complaint: null });
  const older = tableOf(upstream("a", 4_000));
  for (const table of [older, { ...older, draining: [{ id: "b", streamsMs: 8_000 }] }]) {
    await file.write(table);
    expect(await file.read()).toEqual({ table, complaint: null });
  }
  expect(await readdir(folder)).toEqual(["proxy-table.json"]);
});

const pro = { kind: "query", name: "plan", value: "pro" };
const half = { kind: "hash", by: "query", name: "user", percent: 50 };

test.each([
  [{ kind: "all", of: [pro, half] }, true],
  [within(within(within(within(pro)))), true],
  [within(within(within(within(within(pro))))), false],
  [{ kind: "all", of: [] }, false],
  [{ kind: "all" }, false],
  [{ kind: "all", of: [pro, { kind: "body", name: "a", value: "b" }] }, false],
  [{ ...half, by: "body" }, false],
  [{ kind: "query", name: "plan" }, false],
])("what it may match by: %j, %s", (match, isOne) => {
  const rules = [{ match, revision: 2 }];
  const weights = [{ revision: 1, weight: 100 }];
  for (const rule of [
    { kind: "byMatch", rules, otherwise: 1 },
    { kind: "byWeight", weights, sticky: { by: "query", name: "user" }, first: rules },
  ]) {
    expect(readTable({ generation: 1, ruleGeneration: 1, rule, replicas: [] }) !== null).toBe(
      isOne,
    );
  }
});

function within(match: unknown): unknown {
  return { kind: "all", of: [match] };
}

test("what a table of an older version does not say of the clients is as it was then", async () => {
  const file = new TableFile(await temporaryFolder(cleanup));
  const { responseTimeoutSeconds, bodyIdleTimeoutSeconds, ...older } = defaultFront;
  const table = { ...tableOf(upstream("a", 4_000)), front: defaultFront };
  for (const [front, read] of [
    [older, defaultFront],
    [
      { ...older, responseTimeoutSeconds: 300 },
      { ...defaultFront, responseTimeoutSeconds: 300 },
    ],
    [{ ...older, bodyIdleTimeoutSeconds: "long" }, null],
  ]) {
    await file.write(table);
    const text = await readFile(file.path, "utf8");
    await writeFile(file.path, text.replace(JSON.stringify(defaultFront), JSON.stringify(front)));
    expect((await file.read()).table?.front ?? null).toEqual(read);
  }
  expect([responseTimeoutSeconds, bodyIdleTimeoutSeconds]).toEqual([60, 30]);
});

test("after a reboot the replicas are forgotten, the generation is not", async () => {
  const file = new TableFile(await temporaryFolder(cleanup));
  const table = tableOf(upstream("a", 4_000));
  await file.write(table);
  const text = await readFile(file.path, "utf8");
  await writeFile(file.path, text.replace(/"bootId":"[^"]*"/, '"bootId":"another"'));
  expect((await file.read()).table).toEqual({ ...table, replicas: [] });
});

test("a file that is not ours is not used, and named", async () => {
  const file = new TableFile(await temporaryFolder(cleanup));
  for (const text of ['{"version":2,"table":{}}', "not json", "[]", ""]) {
    await writeFile(file.path, text);
    expect(await file.read()).toEqual({
      table: null,
      complaint: `${file.path} is no route table of version 1: not used`,
    });
  }
});

test("a table that the disk does not take leaves no older one behind", async () => {
  const file = new TableFile(await temporaryFolder(cleanup));
  await file.write(tableOf(upstream("a", 4_000)));
  await mkdir(`${file.path}.${process.pid}.tmp`);
  await expect(file.write(tableOf(upstream("b", 4_001)))).rejects.toThrow("EISDIR");
  expect(await file.read()).toEqual({ table: null, complaint: null });
});
