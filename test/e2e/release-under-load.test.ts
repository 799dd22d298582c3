import { startLoad } from "@hitless/load";
import { expect, test } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { tallyOf } from "../bed/load-tally.ts";
import { naiveSwap } from "../bed/naive-swap.ts";
import { renewedReplicas } from "../bed/renewed-replicas.ts";

test("a rolling release under load loses nothing, and every process is new", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  const control = await naiveSwap(bed, { load: { rate: 150 }, phaseMs: 300 });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate: 150 });
  const before = await bed.everybody(2);
  await bed.use("shop/1.1");
  await bed.edit({ version: "1.1" });
  await bed.must(0, "release", "--set", "config.GREETING=servus", "--wait");
  await renewedReplicas(bed, before, { version: "1.1", GREETING: "servus" });
  const report = await load.stop();
  expect(tallyOf(report, control)).toMatchObject({ complaint: "", clean: true });
  // Both versions answered the load itself: the change happened under it.
  expect(Object.keys(report.total.answersBy)).toEqual(["1.0@1", "1.1@2"]);
});
