import { expect, test } from "vitest";
import { AppBed } from "../bed/app-bed.ts";

const steps = [{ weight: 20 }, "approval", { weight: 50 }, { pause: "1h" }];
const settings = { replicas: 1, strategy: { canary: { steps, bake: "0s" } } };

test("a release waits for people where it is to, each step by its own word, and keeps who said it", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await bed.must(0, "up", "--detach");

  const asked = await bed.must(5, "release", "--set", "config.GREETING=salut", "--wait");
  expect(asked.stderr).toContain('release 2 waits at "canary 20 %" for a person');
  expect((await bed.status()).release).toMatchObject({
    holds: [{ kind: "approval", open: false }],
    remaining: { approvals: 1 },
  });
  await bed.must(5, "promote", "--wait", "--timeout", "2s");
  await bed.must(0, "skip", "--wait");

  expect((await bed.ask()).config["GREETING"]).toBe("salut");
  const [record] = (await bed.history()).slice(-1);
  expect(record?.intents?.map(({ kind, meantFor }) => [kind, meantFor.waypoint])).toEqual([
    ["promote", "canary 20 %"],
    ["skip", "canary 50 %"],
  ]);
});

test("an app that is frozen is not restarted", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  await bed.must(0, "up", "--detach");
  await bed.must(0, "freeze", "the sale");
  const refused = await bed.must(6, "restart");
  expect(refused.stderr).toMatch(/frozen by \w+ since 2.*Z: the sale$/m);
  await bed.must(0, "unfreeze");
});
