import { cp, mkdir, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { AppBed, isRunning, until } from "../bed/app-bed.ts";
import { namedController } from "../bed/controller-death.ts";

const replicas = 2;

it("goes on after its folder was moved: the controller follows, every process stays", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const before = (await bed.everybody(replicas)).map(({ pid }) => pid).sort();
  const moved = `${bed.dir}-moved`;
  await rename(bed.dir, moved);
  // Commands of the bed run in a folder of the old name.
  await mkdir(bed.dir);
  const at = ["-f", join(moved, "hitless.yaml")];
  const pidOf = async () => {
    const { code, stdout } = await bed.run("status", "--json", ...at);
    return code === 0 ? JSON.parse(stdout).controller.pid : null;
  };
  const old = await pidOf();
  await until(async () => ![old, null].includes(await pidOf()), "the next controller answers");
  expect((await bed.everybody(replicas)).map(({ pid }) => pid).sort()).toEqual(before);
  await bed.must(0, "release", "--wait", "--set", "config.GREETING=moved", ...at);
  const answers = await bed.everybody(replicas);
  expect(answers.map(({ config }) => config["GREETING"])).toEqual(["moved", "moved"]);
  await bed.must(0, "down", ...at);
  expect(await readdir(join(bed.dir, "../run/hitless"))).toEqual([]);
  // Nobody has written where the folder was.
  await rmdir(bed.dir);
  await rename(moved, bed.dir);
});

it("goes on after its folder was moved, and moved back before anybody had followed", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const { controller } = await bed.status();
  const moved = `${bed.dir}-moved`;
  await rename(bed.dir, moved);
  const log = join(moved, ".hitless/controller.log");
  await until(async () => (await readFile(log, "utf8")).includes("was moved to"), "it noticed");
  await rename(moved, bed.dir);
  await until(() => !isRunning(controller.pid), "the controller left");
  await until(async () => (await bed.run("status")).code === 0, "the next controller answers");
  await bed.everybody(replicas);
});

it("a copy of the folder has no part in what the original runs", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const copy = `${bed.dir}-copy`;
  await cp(bed.dir, copy, { recursive: true });
  const at = ["-f", join(copy, "hitless.yaml")];
  expect(await bed.run("down", ...at)).not.toMatchObject({ code: 0 });
  await rm(join(copy, ".hitless/controller.json"));
  const up = await bed.run("up", "--detach", ...at);
  expect(up).toMatchObject({ code: 6, stderr: expect.stringContaining("is a copy of") });
  await bed.everybody(replicas);
});

it("sockets that were removed are there again, and are found whatever the environment says", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  await rm(join(bed.dir, "../run"), { recursive: true });
  const { controller } = await bed.status();
  const elsewhere = join(bed.dir, "../elsewhere");
  await mkdir(elsewhere, { mode: 0o700 });
  const other = await bed.runWith({ XDG_RUNTIME_DIR: elsewhere }, "status", "--json");
  expect(JSON.parse(other.stdout).controller.pid).toBe(controller.pid);
  // The next controller finds the proxy: it serves, and holds the port.
  process.kill(controller.pid, "SIGKILL");
  await until(() => !isRunning(controller.pid), "the controller is gone");
  await bed.must(0, "up", "--detach");
  await bed.everybody(replicas);
});

it("down fails when the controller dies before everything is stopped", async () => {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await bed.must(0, "up", "--detach");
  const slow = fetch(`${bed.url}/slow?ms=20000`).catch(() => null);
  const down = bed.start("down");
  const draining = async () => {
    const engine = await readFile(join(bed.dir, ".hitless/engine.json"), "utf8");
    return engine.includes('"draining"');
  };
  await until(draining, "replicas drain");
  const late = await bed.run("scale", "3");
  expect(late).toMatchObject({ code: 6, stderr: expect.stringContaining("is being stopped: ") });
  process.kill((await namedController(bed)) ?? -1, "SIGKILL");
  expect(await down.done).toMatchObject({
    code: 8,
    stderr: expect.stringContaining("died before"),
  });
  await bed.must(0, "up", "--detach");
  await bed.must(0, "down");
  expect(await bed.leftOver()).toEqual([]);
  await slow;
});
