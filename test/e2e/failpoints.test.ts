import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startLoad } from "@hitless/load";
import { expect, it } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { dieAt } from "../bed/failpoint-deaths.ts";
import { tallyOf } from "../bed/load-tally.ts";
import { naiveSwap } from "../bed/naive-swap.ts";

const rate = 50;
const said = { version: "1.0", config: { GREETING: "hello" } };

it("a release goes on wherever its controller was killed, and nothing is lost, twice or left over", async () => {
  const settings = { replicas: 2, keepRevisions: 1 };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate });
  for (const cell of [
    { way: "restart", name: "replica-spawned", passing: 1 },
    { way: "restart", name: "mutation-accepted", passing: 2 },
    { way: "wayBack", name: "replica-withdrawn", passing: 1 },
  ] as const) {
    expect(await dieAt(bed, cell, said), cell.name).toMatchObject({ reached: true, faults: [] });
  }
  expect(tallyOf(await load.stop(), control)).toMatchObject({ lost: 0, clean: true });
});

it("kills a controller in the background too, and refuses a name that it does not know", async () => {
  const env = { HITLESS_FAILPOINT: "checkout-marked=kill" };
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  const wrong = { HITLESS_FAILPOINT: "no-such-line=kill" };
  const refused = await bed.startWith(wrong, "up", "--detach").done;
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('"no-such-line"') });
  expect(existsSync(join(bed.dir, ".hitless"))).toBe(false);
  await bed.startWith(env, "up", "--detach").done;
  const log = await readFile(join(bed.dir, ".hitless", "controller.log"), "utf8");
  expect(log).toBe("failpoint checkout-marked@1\n");
  expect((await bed.run("status")).code).toBe(8);
  await bed.must(0, "up", "--detach");
  expect(await bed.everybody(1)).toHaveLength(1);
});
