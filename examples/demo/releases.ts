import assert from "node:assert/strict";
import { isRunning, until } from "../../test/bed/app-bed.ts";
import { lifelinesOf } from "./lifelines.ts";
import {
  answersOf,
  overwrite,
  type Phase,
  pidsOf,
  present,
  renewed,
  type Stage,
  type Story,
  steady,
} from "./stage.ts";
import { lost, p99, requests, seconds, steadyP99 } from "./table.ts";

/** Answers of either version that show the service going on without a controller. */
const enoughAnswers = 50;

/** The story, in order. Revision 1 is the shop 1.0 with the greeting of its file. */
const phases: readonly Phase[] = [
  { name: "warm-up", play: steady },
  { name: "steady", play: steady },
  { name: "release 1.0 → 1.1", play: rollingRelease },
  { name: "config only", play: configOnly },
  { name: "bad release", play: badRelease },
  { name: "rollback to 1", play: rollbackToFirst },
  { name: "restart", play: restart },
  { name: "controller killed", play: killControllerMidway },
  { name: "next one finishes", play: adoptAndFinish },
];

/** Releases of every kind, good and bad, and what else may happen to them. */
export const releases: Story = {
  settings: { progressDeadlineSeconds: 5 },
  phases,
  columns: [requests, lost, p99, steadyP99, seconds],
};

async function rollingRelease(stage: Stage): Promise<string> {
  await overwrite(stage, "1.1");
  await stage.bed.must(0, "release", "--wait");
  return await renewed(stage, { version: "1.1", GREETING: "hello" });
}

async function configOnly(stage: Stage): Promise<string> {
  await stage.bed.must(0, "release", "--set", "config.GREETING=servus", "--wait");
  return await renewed(stage, { version: "1.1", GREETING: "servus" });
}

/** The old one answers throughout, the very same processes; exit code 3 says how it went. */
async function badRelease(stage: Stage): Promise<string> {
  const { bed, replicas } = stage;
  await overwrite(stage, "bad/never-ready");
  const { seconds } = await bed.must(3, "release", "--wait");
  const now = await bed.everybody(replicas.length);
  assert.deepEqual(pidsOf(now), pidsOf(replicas), "the processes that answer");
  assert.deepEqual(
    Object.keys(present(stage)?.answersBy ?? {}),
    ["1.1@3"],
    "who answered meanwhile",
  );
  const last = (await bed.history()).at(-1);
  assert.equal(last?.outcome, "failed", "its outcome in the history");
  return `never ready: went back by itself after ${seconds.toFixed(1)} s, exit code 3; only 1.1 answered`;
}

async function rollbackToFirst(stage: Stage): Promise<string> {
  await stage.bed.must(0, "rollback", "--to", "1", "--wait");
  const seen = await renewed(stage, { version: "1.0", GREETING: "hello" });
  assert.equal(stage.replicas[0]?.revision, "1", "the revision that answers");
  return `${seen}, though the folder holds other bytes`;
}

async function restart(stage: Stage): Promise<string> {
  await stage.bed.must(0, "restart", "--wait");
  return await renewed(stage, { version: "1.0", GREETING: "hello" });
}

/** Killed as soon as the new version answers: both serve, and nobody is there to decide. */
async function killControllerMidway(stage: Stage): Promise<string> {
  const { bed } = stage;
  await overwrite(stage, "1.1");
  const before = lifelinesOf(await bed.status());
  stage.before = before;
  await bed.must(0, "release");
  await until(() => answersOf(stage, "1.1") > 0, "the new version answers");
  process.kill(before.controller, "SIGKILL");
  await until(() => !isRunning(before.controller), "the controller is gone");
  const old = answersOf(stage, "1.0") + enoughAnswers;
  const next = answersOf(stage, "1.1") + enoughAnswers;
  await until(
    () => answersOf(stage, "1.0") >= old && answersOf(stage, "1.1") >= next,
    "1.0 and 1.1 both answer without a controller",
  );
  return `kill -9 of ${before.controller} in the middle of a release: 1.0 and 1.1 both go on answering`;
}

async function adoptAndFinish(stage: Stage): Promise<string> {
  const { bed, before } = stage;
  assert(before !== null, "the controller was killed before");
  await bed.must(0, "up", "--detach");
  await until(async () => (await bed.status()).release === null, "the release has ended");
  const seen = await renewed(stage, { version: "1.1", GREETING: "servus" });
  const status = await bed.status();
  const after = lifelinesOf(status);
  assert.equal(status.lastRelease?.outcome, "succeeded", "its outcome in the history");
  assert.notEqual(after.controller, before.controller, "the controller");
  assert.deepEqual([after.holder, after.workers], [before.holder, before.workers], "the proxy");
  const known = status.replicas.map(({ process }) => process).sort();
  assert.deepEqual(known, pidsOf(stage.replicas).map(String).sort(), "the replicas it knows of");
  const running = (await bed.leftOver()).filter(({ command }) => command.includes("server.mjs"));
  assert.equal(running.length, stage.replicas.length, "replicas that run, none twice");
  return `controller ${after.controller} adopted all and finished it: ${seen}; the same proxy`;
}
