import { expect, it } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { killOneReplica, makeGarbage } from "../bed/overwritten-app.ts";

it("starts a killed replica again with the old bytes when the folder was overwritten", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  await bed.must(0, "up", "--detach");
  await makeGarbage(bed);
  const replacement = await killOneReplica(bed);
  const answers = await bed.everybody(2);
  expect(answers.map(({ version }) => version)).toEqual(["1.0", "1.0"]);
  expect(answers.map(({ pid }) => pid)).toContain(replacement);
});

it("goes back to a numbered revision of which nothing is left in the folder", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  await bed.must(0, "up", "--detach");
  await bed.use("shop/1.1");
  await bed.must(0, "release", "--wait");
  expect(new Set((await bed.everybody(2)).map(({ version }) => version))).toEqual(new Set(["1.1"]));
  await makeGarbage(bed);
  await bed.must(0, "rollback", "--to", "1", "--wait");
  const answers = await bed.everybody(2);
  expect(answers.map(({ version, revision }) => `${version}@${revision}`)).toEqual([
    "1.0@1",
    "1.0@1",
  ]);
});
