import type { ControllerClient } from "@hitless/controller";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { connectTo } from "../bed/connect-to.ts";
import { type Interruption, interruptRelease } from "../bed/interrupt-release.ts";
import { faultsOf } from "../bed/stands-on.ts";

const before = { version: "1.0", config: { GREETING: "before" } };
const released = { version: "1.1", config: { GREETING: "released" } };
const replicas = 2;
let bed: AppBed;
let client: ControllerClient;

beforeAll(async () => {
  const config = { ...before.config, START_DELAY_MS: "300" };
  bed = await AppBed.make({ app: "shop/1.0", settings: { replicas, config } });
  await bed.must(0, "up", "--detach");
  client = await connectTo(bed);
  await bed.use("shop/1.1");
  await bed.edit({ version: "1.1", config: { ...config, ...released.config } });
});

afterAll(async () => {
  await client?.close();
  await bed?.close();
});

it.each<readonly [Interruption, number]>([
  ["abort", 4],
  ["rollback", 4],
  ["pause + abort", 5],
])("is back on the old revision with its old config after %s in the middle", async (kind, code) => {
  const met = await interruptRelease(bed, client, { step: "1+2", kind });
  // Which step it met is a matter of speed; that it met one is not.
  expect(met).toMatchObject({ landed: expect.any(String), command: { code }, faults: [] });
  const stand = { ...before, revision: 1, replicas };
  expect(await faultsOf(bed, await client.status(), stand)).toEqual([]);
});

it("stands still while it is paused, and goes on when it is resumed", async () => {
  const met = await interruptRelease(bed, client, { step: "1+2", kind: "pause + resume" });
  expect(met).toMatchObject({ landed: expect.any(String), outcome: "succeeded", faults: [] });
  expect(met.left).toBe(met.landed);
  const status = await client.status();
  const stand = { ...released, revision: status.stable ?? 0, replicas };
  expect(await faultsOf(bed, status, stand)).toEqual([]);
});
