import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startLoad } from "@hitless/load";
import { expect, test } from "vitest";
import { AppBed, repository } from "../bed/app-bed.ts";
import { tallyOf } from "../bed/load-tally.ts";
import { naiveSwap } from "../bed/naive-swap.ts";
import { renewedReplicas } from "../bed/renewed-replicas.ts";

const GREETING = "hello";
const python = spawnSync("python3", ["--version"]).status === 0;

test.runIf(python)("a Python app outside the repository is released and rolled back", async () => {
  await using bed = await AppBed.make({ app: "clock-python" });
  expect(bed.dir.startsWith(repository)).toBe(false);
  const control = await naiveSwap(bed, { load: { rate: 100 }, phaseMs: 300 });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate: 100 });
  const first = await bed.everybody(2);
  await writeFile(join(bed.dir, "VERSION"), "1.1\n");
  await bed.must(0, "release", "--wait");
  const second = await renewedReplicas(bed, first, { version: "1.1", GREETING });
  await bed.must(0, "rollback", "--wait");
  await renewedReplicas(bed, second, { version: "1.0", GREETING });
  expect(tallyOf(await load.stop(), control)).toMatchObject({ complaint: "", clean: true });
});
