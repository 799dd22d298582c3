import { expect, it } from "vitest";
import { AppBed } from "../bed/app-bed.ts";
import { failRelease, spoil } from "../bed/failing-release.ts";

const neverReady = {
  what: "never ready",
  app: "shop/bad/never-ready",
  settings: { progressDeadlineSeconds: 2 },
  code: `console.log("waiting for the warehouse");`,
  cause: "GET /ready → 503",
  logLine: "waiting for the warehouse",
};
const noCommand = {
  what: "no such command",
  settings: { run: "exec shop-server" },
  cause: "exit 127",
  logLine: "shop-server: not found",
};

it("stops a bad version at its first replica, goes back by itself and says why", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  await bed.must(0, "up", "--detach");
  for (const bad of [neverReady, noCommand]) {
    await spoil(bed, bad);
    const { command, ...seen } = await failRelease(bed);
    expect(command.code, command.stderr).toBe(3);
    expect(seen).toMatchObject({ mostNew: 1, fewestAvailable: 2, record: { outcome: "failed" } });
    for (const text of [seen.why, seen.history]) {
      expect(text).toContain(bad.cause);
      expect(text).toContain(bad.logLine);
    }
    expect((await bed.ask()).version).toBe("1.0");
  }
  const { stdout, stderr } = await bed.must(
    3,
    "release",
    "--set",
    "config.A=b",
    "--wait",
    "--json",
  );
  const row = (await bed.history()).at(-1);
  expect(row).toMatchObject({ outcome: "failed", traffic: { cut: {} } });
  expect(JSON.parse(stdout)).toMatchObject({ ended: row, error: { code: "RELEASE_FAILED" } });
  expect(stderr).toContain(
    "still set over the file: config.A=b (take away: hitless release --unset",
  );
});

it("has no way back from a first revision, and serves once it is mended", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
  await spoil(bed, noCommand);
  const up = await bed.must(7, "up", "--detach");
  expect(up.stderr).toContain(noCommand.cause);
  await bed.edit({ run: ["node", "server.mjs"] });
  await bed.must(0, "release", "--wait");
  expect((await bed.everybody(2)).map((a) => a.version)).toEqual(["1.1", "1.1"]);
});
