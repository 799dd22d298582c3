import { startLoad } from "@hitless/load";
import { expect, test } from "vitest";
import { AppBed, until } from "../bed/app-bed.ts";

const recreate = { strategy: "recreate", replicas: 2 };

test("recreate stops everybody first, holds the requests that come meanwhile, and says so in the plan", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: recreate });
  await bed.must(0, "up", "--detach");
  await bed.use("shop/1.1");
  // So long a gap that requests must have met it.
  await bed.edit({ config: { GREETING: "hello", START_DELAY_MS: "1500" } });
  expect((await bed.must(0, "plan")).stdout).toContain("downtime");

  const old = new Set((await bed.everybody(2)).map((a) => a.pid));
  await using session = startLoad({ url: bed.url, rate: 40, expect: "shop" });
  await bed.must(0, "release", "--wait");
  const { total } = await session.stop();

  expect([total.lost, total.lostByAnswer]).toEqual([0, {}]);
  expect(total.latencyMs.max).toBeGreaterThan(1_000);
  const now = await bed.everybody(2);
  expect(now.every((a) => a.version === "1.1" && !old.has(a.pid))).toBe(true);
});

test("recreate never runs both revisions at once, forward or back", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: recreate });
  await bed.must(0, "up", "--detach");
  await bed.use("shop/bad/never-ready");
  await bed.edit({ progressDeadlineSeconds: 3 });
  const release = bed.start("release", "--wait");
  let over = false;
  void release.done.then(() => {
    over = true;
  });
  const mixes = new Set<string>();
  await until(async () => {
    const { replicas } = await bed.status();
    const running = replicas.filter((r) => r.process !== null);
    mixes.add([...new Set(running.map((r) => r.revision))].toSorted().join("+"));
    return over;
  }, "the release has ended");
  expect((await release.done).code).toBe(3);
  expect(mixes).not.toContain("1+2");
  expect(mixes).toContain("2");
  const back = await bed.everybody(2);
  expect(back.every((a) => a.version === "1.0" && a.revision === "1")).toBe(true);
});
