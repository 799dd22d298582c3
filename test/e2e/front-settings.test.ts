import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProxyTable } from "@hitless/proxy";
import { expect, test } from "vitest";
import { AppBed, until } from "../bed/app-bed.ts";
import { killHolder, proxyOf } from "../bed/proxy-of.ts";

async function tableOf(bed: AppBed): Promise<ProxyTable> {
  const text = await readFile(join(bed.dir, ".hitless/proxy/proxy-table.json"), "utf8");
  return JSON.parse(text).table;
}

test("how clients are met changes without a revision, in every worker, and survives the controller", async () => {
  const proxy = { trustedProxies: ["10.0.0.0/8"], maxConnections: 900 };
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1, proxy } });
  await bed.must(0, "up", "--detach");
  expect((await tableOf(bed)).front).toMatchObject(proxy);
  const before = (await bed.ask()).pid;

  const said = await bed.must(0, "release", "--set", "proxy.maxConnections=700", "--wait");
  expect(said.stderr).toContain("proxy.maxConnections 900 → 700");
  await until(async () => (await tableOf(bed)).front?.maxConnections === 700, "the table says so");
  const { generation } = await tableOf(bed);
  const acknowledged = async () =>
    (await proxyOf(bed))?.workers.every((worker) => worker.generation >= generation) === true;
  await until(acknowledged, "every worker has it");
  expect((await bed.ask()).pid).toBe(before);

  await bed.must(0, "release", "--set", "proxy.workers=2", "--wait");
  await until(async () => (await proxyOf(bed))?.workers.length === 2, "two workers serve");
  expect((await bed.ask()).pid).toBe(before);

  await bed.killController();
  await bed.must(0, "up", "--detach");
  expect((await tableOf(bed)).front).toMatchObject({ ...proxy, maxConnections: 700, workers: 2 });
  expect((await proxyOf(bed))?.workers).toHaveLength(2);
  expect((await bed.history()).map((release) => release.to)).toEqual([1]);
});

test("the access log is written from when it is asked for, by every worker, on through the holder's death", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { proxy: { workers: 2 } } });
  await bed.must(0, "up", "--detach");
  await bed.ask("/?before");
  const path = join(bed.dir, ".hitless/proxy/access.log");
  const lines = async () => (await readFile(path, "utf8").catch(() => "")).split("\n").slice(0, -1);
  await bed.must(0, "release", "--set", "proxy.accessLog=true", "--wait");
  const asked = () => Promise.all(Array.from({ length: 40 }, (_, n) => bed.ask(`/?n=${n}`)));
  await until(async () => (await tableOf(bed)).front?.accessLog === true, "the table says so");
  await until(async () => (await bed.ask("/?look")) && (await lines()).length > 0, "it is written");
  await asked();
  await killHolder(bed);
  const replicas = new Set((await asked()).map(({ replica }) => replica));
  const targets = async () => (await lines()).map((line) => JSON.parse(line));
  await until(async () => (await targets()).filter(isNumbered).length === 80, "all are in it");
  const all = await targets();
  expect(all.filter(({ target }) => target === "/?before")).toEqual([]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const last = all.filter(isNumbered).slice(-40);
  expect(new Set(last.map(({ replica }) => replica))).toEqual(replicas);
  expect(last.every(({ status, client }) => status === 200 && client === "127.0.0.1")).toBe(true);
});

test("how long an answer may take is changed under way, and told to be longer than a release waits", async () => {
  const settings = { replicas: 1, proxy: { responseTimeoutSeconds: 1 } };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");
  const before = (await bed.ask()).pid;
  const ask = () => fetch(`${bed.url}/slow?ms=4000`, { headers: { connection: "close" } });
  const late = await ask();
  expect([late.status, late.headers.get("x-hitless-reason")]).toEqual([504, "response-timeout"]);

  const longer = ["--set", "proxy.responseTimeoutSeconds=300"];
  expect((await bed.must(0, "plan", ...longer)).stdout).toContain(
    "warning: proxy.responseTimeoutSeconds is 300, but drain.timeoutSeconds ",
  );
  const said = await bed.must(0, "release", ...longer, "--wait");
  expect(said.stderr).toContain("proxy.responseTimeoutSeconds 1 → 300");
  const isFor = async (seconds: number) =>
    (await tableOf(bed)).front?.responseTimeoutSeconds === seconds;
  await until(() => isFor(300), "the table says so");
  const { generation } = await tableOf(bed);
  const acknowledged = async () =>
    (await proxyOf(bed))?.workers.every((worker) => worker.generation >= generation) === true;
  await until(acknowledged, "every worker has it");
  expect((await ask()).status).toBe(200);
  expect((await bed.ask()).pid).toBe(before);
});

function isNumbered({ target }: { readonly target: string }): boolean {
  return target.startsWith("/?n=");
}
