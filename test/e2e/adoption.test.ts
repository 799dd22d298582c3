import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { AppBed, isRunning, until } from "../bed/app-bed.ts";
import {
  anotherController,
  killNamedController,
  namedController,
  persistedReleases,
} from "../bed/controller-death.ts";
import { faultsOf } from "../bed/stands-on.ts";

const replicas = 2;

it("finishes a release whose controller was killed, and the next one while it adopted", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const release = bed.start("release", "--set", "config.GREETING=later");
  await until(async () => (await persistedReleases(bed)) === 2, "the intent is on disk");
  const first = await killNamedController(bed);
  await release.done;
  const next = bed.start("up", "--detach");
  await anotherController(bed, first, () => false);
  await killNamedController(bed);
  await next.done;
  await bed.must(0, "up", "--detach");
  const stand = { revision: 2, version: "1.0", config: { GREETING: "later" }, replicas };
  expect(await faultsOf(bed, await bed.status(), stand)).toEqual([]);
  expect((await bed.history()).map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded"]);
});

it("keeps every process when the controller is killed, and lets one of two controllers go on", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const before = (await bed.everybody(replicas)).map(({ pid }) => pid).sort();
  await killNamedController(bed);
  const both = await Promise.all([bed.run("up", "--detach"), bed.run("up", "--detach")]);
  expect(both.map(({ code }) => code).sort()).toEqual([0, 6]);
  const refused = both.find(({ code }) => code === 6);
  expect(refused?.stderr).toContain(`process ${await namedController(bed)} `);
  expect((await bed.everybody(replicas)).map(({ pid }) => pid).sort()).toEqual(before);
});

it("takes over from a controller that hangs", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const hung = (await namedController(bed)) ?? -1;
  process.kill(hung, "SIGSTOP");
  // As it would be eleven seconds later: nobody renews the lease.
  const then = Date.now() / 1000 - 11;
  await utimes(join(bed.dir, ".hitless/controller.json"), then, then);
  const up = await bed.run("up", "--detach");
  // A refused `up` must not leave one that answers nothing, not even `down`.
  if (isRunning(hung)) process.kill(hung, "SIGCONT");
  expect(up).toMatchObject({ code: 0 });
  expect(isRunning(hung)).toBe(false);
  expect((await bed.status()).controller.pid).not.toBe(hung);
});
