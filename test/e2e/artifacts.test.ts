import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  await bed.must(0, "release", "--set", "config.A=b", "--wait");
  expect(new Set((await bed.everybody(2)).map(({ version }) => version))).toEqual(new Set(["1.1"]));
  await makeGarbage(bed);
  const { stderr } = await bed.must(0, "rollback", "--to", "1", "--wait");
  expect(stderr.match(/still set over the file: config\.A=b/g)).toHaveLength(1);
  const answers = await bed.everybody(2);
  expect(answers.map(({ version, revision }) => `${version}@${revision}`)).toEqual([
    "1.0@1",
    "1.0@1",
  ]);
});

it("says that a persisted folder starts empty, until what was there is copied in as the docs say", async () => {
  const settings = { replicas: 1, persist: ["data"] };
  await using bed = await AppBed.make({ app: "shop/1.0", settings });
  await mkdir(join(bed.dir, "data"));
  expect((await bed.must(0, "validate")).stderr).toBe("");
  await writeFile(join(bed.dir, "data/orders"), "three");
  const warning = `warning: persist data starts empty: ${join(bed.dir, "data")} is not copied`;
  expect((await bed.must(0, "validate")).stderr).toContain(warning);
  expect((await bed.must(0, "plan")).stdout).toContain(warning);
  const kept = join(bed.dir, ".hitless/persist");
  await mkdir(kept, { recursive: true });
  await cp(join(bed.dir, "data"), join(kept, "data"), { recursive: true });
  expect((await bed.must(0, "validate")).stderr).toBe("");
  expect((await bed.must(0, "up", "--detach")).stderr).not.toContain("warning");
  const seen = join(bed.dir, ".hitless/checkouts/1/data/orders");
  expect(await readFile(seen, "utf8")).toBe("three");
  await bed.edit({ persist: ["data", "uploads"] });
  await mkdir(join(bed.dir, "uploads"));
  await writeFile(join(bed.dir, "uploads/photo"), "x");
  const { stderr } = await bed.must(0, "release", "--wait");
  expect(stderr).toContain("warning: persist uploads starts empty");
});
