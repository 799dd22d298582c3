import { startLoad } from "@hitless/load";
import { expect, it } from "vitest";
import { AppBed, until } from "../bed/app-bed.ts";
import { killNamedController, persistedReleases } from "../bed/controller-death.ts";
import { openStream, slowPost } from "../bed/long-requests.ts";
import { killHolder, proxyOf } from "../bed/proxy-of.ts";
import { faultsOf } from "../bed/stands-on.ts";

const replicas = 2;
const config = { GREETING: "later" };

it("loses nothing when the proxy's holder is killed, beside a controller and without one", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate: 100 });
  const long = [openStream(bed.url), slowPost(bed.url)];
  const first = await killHolder(bed);
  await killNamedController(bed);
  const second = await killHolder(bed);
  expect(second.after.workers).toEqual(second.before.workers);
  expect(second.after.workers[0]?.pid).toBe(first.before.workers[0]?.pid);
  const pids = [first.before, first.after, second.after].map(({ holderPid }) => holderPid);
  expect(new Set(pids).size).toBe(3);
  await bed.must(0, "up", "--detach");
  expect(await Promise.all(long.map((request) => request.finish()))).toEqual([null, null]);
  expect((await load.stop()).total.lost).toBe(0);
});

it("finishes a release in which the proxy's holder is killed", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate: 100 });
  const release = bed.start("release", "--set", "config.GREETING=later", "--wait");
  await until(async () => (await persistedReleases(bed)) === 2, "the intent is on disk");
  await killHolder(bed);
  expect(await release.done).toMatchObject({ code: 0 });
  const stand = { revision: 2, version: "1.0", config, replicas };
  expect(await faultsOf(bed, await bed.status(), stand)).toEqual([]);
  expect((await load.stop()).total.lost).toBe(0);
});

it("down ends a proxy whose holder was killed just before", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  await bed.must(0, "up", "--detach");
  const down = bed.start("down");
  process.kill((await proxyOf(bed))?.holderPid ?? 0, "SIGKILL");
  expect(await down.done).toMatchObject({ code: 0 });
  expect(await bed.leftOver()).toEqual([]);
  expect(await proxyOf(bed)).toBeNull();
});
