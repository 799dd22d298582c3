import { expect, test } from "vitest";
import { AppBed, until } from "../bed/app-bed.ts";

const recreate = { strategy: "recreate", replicas: 2 };

test("recreate stops everybody first, answers 503 with Retry-After meanwhile, and says so in the plan", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: recreate });
  await bed.must(0, "up", "--detach");
  await bed.use("shop/1.1");
  expect((await bed.must(0, "plan")).stdout).toContain("downtime");

  const old = new Set((await bed.everybody(2)).map((a) => a.pid));
  const seen: { readonly status: number; readonly retryAfter: string | null }[] = [];
  const release = bed.start("release", "--wait");
  let over = false;
  void release.done.then(() => {
    over = true;
  });
  await until(async () => {
    const answer = await fetch(bed.url, { headers: { connection: "close" } });
    await answer.text();
    seen.push({ status: answer.status, retryAfter: answer.headers.get("retry-after") });
    return over;
  }, "the release has ended");

  expect((await release.done).code).toBe(0);
  const refused = seen.filter((s) => s.status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every((s) => s.status === 503 && s.retryAfter !== null)).toBe(true);
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
