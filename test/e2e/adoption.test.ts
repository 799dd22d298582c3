import { setTimeout as after } from "node:timers/promises";
import { startLoad } from "@hitless/load";
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
  const early = await bed.run("up", "--detach");
  // Eleven seconds later nobody has renewed the lease.
  await after(11_000);
  const up = await bed.run("up", "--detach");
  // A refused `up` must not leave one that answers nothing, not even `down`.
  if (isRunning(hung)) process.kill(hung, "SIGCONT");
  expect(early).toMatchObject({ code: 6, stderr: expect.stringContaining(`process ${hung} `) });
  expect(up).toMatchObject({ code: 0 });
  expect(isRunning(hung)).toBe(false);
  expect((await bed.status()).controller.pid).not.toBe(hung);
});

it("of four that replace one controller at once, one does, and the others are told its pid", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const old = (await namedController(bed)) ?? -1;
  const tries = await Promise.all(
    Array.from({ length: 4 }, () => bed.run("up", "--detach", "--take-over")),
  );
  const { controller } = await bed.status();
  expect(tries.filter(({ code }) => code === 0)).toHaveLength(1);
  for (const { code, stderr } of tries) {
    if (code === 0) continue;
    expect({ code, stderr }).toEqual({
      code: 6,
      stderr: expect.stringContaining(`process ${controller.pid} `),
    });
  }
  expect([isRunning(old), isRunning(controller.pid)]).toEqual([false, true]);
});

it("a controller killed in the middle of a release of an app whose probes are slow takes nothing away that serves", async () => {
  await using bed = await AppBed.make({ app: "../test/bed/apps/slow-ready" });
  await bed.must(0, "up", "--detach");
  const old = (await bed.everybody(3)).map(({ pid }) => pid);
  await using load = startLoad({ url: bed.url, rate: 50 });
  await bed.must(0, "release", "--set", "config.FATE=never");
  const listed = async () => (await bed.status()).replicas.length;
  await until(async () => (await listed()) === 4, "a replica that never gets ready runs");
  const killed = await killNamedController(bed);
  const up = bed.start("up", "--detach");
  expect(await anotherController(bed, killed, () => false)).not.toBeNull();
  // Long enough for each replica to be asked, to answer, and for a wrong conclusion to be drawn.
  await after(4000);
  expect(old.filter((pid) => !isRunning(pid))).toEqual([]);
  await bed.must(0, "abort", "--wait");
  expect(await up.done).toMatchObject({ code: 0 });
  expect((await bed.everybody(3)).map(({ pid }) => pid).sort()).toEqual([...old].sort());
  const { lost, answersBy } = (await load.stop()).total;
  expect(lost).toBe(0);
  expect(Object.keys(answersBy)).toEqual(["1.0@1"]);
});
