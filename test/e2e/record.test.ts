import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { replayTrace } from "@hitless/core/testing";
import { expect, test } from "vitest";
import { AppBed } from "../bed/app-bed.ts";

const secret = "s3cret-of-this-test";
const tells = "console.log('token', process.env.TOKEN); process.exit(3)";

test("up --record writes a trace that replays, without the secret that the app blurted out", async () => {
  await using bed = await AppBed.make({
    app: "shop/1.0",
    settings: { replicas: 1, secrets: ["TOKEN"] },
    env: { TOKEN: secret },
  });
  await bed.must(0, "up", "--detach", "--record");
  await bed.edit({ run: ["node", "-e", tells] });
  await bed.must(3, "release", "--wait");
  // It is what people are shown; a trace is what they send away.
  expect((await bed.must(0, "why")).stdout).toContain(secret);
  const folder = join(bed.dir, ".hitless", "traces");
  const [name = ""] = await readdir(folder);
  const text = await readFile(join(folder, name), "utf8");
  expect(text).not.toContain(secret);
  const report = replayTrace(text.split("\n"));
  expect(report.differences).toEqual([]);
  expect(report.mutations).toBeGreaterThan(2);
});

test("logs --since takes a time or an age, and refuses what is neither", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  const run = ["sh", "-c", "echo hello from the shop; exec node server.mjs"];
  await bed.edit({ run });
  const before = new Date(Date.now() - 1000).toISOString();
  await bed.must(0, "up", "--detach");
  expect((await bed.must(0, "logs", "--since", "1h")).stdout).toContain("hello from the shop");
  expect((await bed.must(0, "logs", "--since", before)).stdout).toContain("hello from the shop");
  for (const bad of ["yesterday", "2026-02-31", "3d", "2999-01-01"]) {
    const refused = await bed.must(2, "logs", "--since", bad);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toContain("--since");
  }
});
