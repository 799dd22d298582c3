import assert from "node:assert/strict";
import { type AppBed, freePort, type ShopAnswer, until } from "../../test/bed/app-bed.ts";
import {
  answersOf,
  overwrite,
  type Phase,
  pidsOf,
  renewed,
  type Stage,
  type Story,
  steady,
} from "./stage.ts";
import { harmed, lost, ownErrors, p99, requests, seconds } from "./table.ts";

const keepWarm = "10m";
/** Asked of both sides of the test, each so often. */
const questions = 50;

/** The story, in order. Revision 1 is the shop 1.0 with the greeting of its file. */
const phases: readonly Phase[] = [
  { name: "warm-up", play: steady },
  { name: "steady", play: steady },
  { name: "rolling", play: rolling },
  { name: "blue-green", play: blueGreen },
  { name: "instant rollback", play: instantRollback },
  { name: "canary", play: goodCanary },
  { name: "bad canary", play: badCanary, ill: true },
  { name: "A/B test", play: abTest },
];

/** Each way to release, and each way back. */
export const strategies: Story = {
  settings: {},
  phases,
  columns: [requests, lost, ownErrors, harmed, p99, seconds],
};

async function rolling(stage: Stage): Promise<string> {
  await overwrite(stage, "1.1");
  await stage.bed.must(0, "release", "--wait");
  return await renewed(stage, { version: "1.1", GREETING: "hello" });
}

/** The new side is looked at by its own address before anybody else gets there. */
async function blueGreen(stage: Stage): Promise<string> {
  const { bed } = stage;
  const port = await freePort();
  await overwrite(stage, "1.0");
  await bed.edit({
    strategy: { blueGreen: { preview: { port }, checks: ["approval"], bake: "1s", keepWarm } },
  });
  await bed.must(0, "release");
  await untilHeld(bed, "preview");
  const answer = await fetch(`http://127.0.0.1:${port}`);
  const looked: ShopAnswer = JSON.parse(await answer.text());
  assert.equal(looked.version, "1.0", "the version at the preview address");
  assert.equal(answersOf(stage, "1.0"), 0, "answers of the new side to clients before the switch");
  await bed.must(0, "promote", "--wait");
  return `looked at on port ${port}, then promoted: ${await renewed(stage, { version: "1.0", GREETING: "hello" })}`;
}

/** Nothing is started: the old side is still there. */
async function instantRollback(stage: Stage): Promise<string> {
  const { bed } = stage;
  const warm = (await bed.status()).replicas.filter(({ revision }) => revision === 2);
  await bed.must(0, "rollback", "--wait");
  stage.replicas = await bed.everybody(stage.replicas.length);
  const pids = pidsOf(stage.replicas).map(String);
  assert.deepEqual(
    pids,
    warm.map(({ process }) => process).sort(byNumber),
    "the replicas that answer",
  );
  const last = (await bed.history()).at(-1);
  const ms = (last?.endedAt ?? 0) - (last?.startedAt ?? 0);
  return `a release of ${ms} ms, back to the ${pids.length} processes of before`;
}

async function goodCanary(stage: Stage): Promise<string> {
  const { bed } = stage;
  await overwrite(stage, "1.1");
  await bed.edit({ config: { GREETING: "servus" }, ...canaryOf("4s") });
  await bed.must(0, "release", "--wait");
  const seen = await renewed(stage, { version: "1.1", GREETING: "servus" });
  return `20 %, 50 %, all, each after its analysis: ${seen}`;
}

/** One answer in twenty is an error; nobody has to look. */
async function badCanary(stage: Stage): Promise<string> {
  const { bed, replicas } = stage;
  await overwrite(stage, "bad/ill");
  await bed.edit({ config: { GREETING: "hello", ILL: "errors" }, ...canaryOf("60s") });
  const { seconds: took } = await bed.must(3, "release", "--wait");
  const now = await bed.everybody(replicas.length);
  assert.deepEqual(pidsOf(now), pidsOf(replicas), "the processes that answer");
  const reason = (await bed.history()).at(-1)?.reason;
  assert(
    reason?.kind === "analysisFailed",
    `it went back because of its analysis, not ${reason?.kind}`,
  );
  return `5 % errors: went back by itself after ${took.toFixed(1)} s, exit code 3: ${reason.metric}: ${reason.detail}`;
}

async function abTest(stage: Stage): Promise<string> {
  const { bed } = stage;
  await overwrite(stage, "1.0");
  const match = [{ header: "x-variant", value: "b" }];
  await bed.edit({
    config: { GREETING: "hello" },
    strategy: { abTest: { match, until: ["approval"], bake: "1s" } },
  });
  await bed.must(0, "release");
  await untilHeld(bed, "compare");
  assert.deepEqual(await versionsSeen(bed, { "x-variant": "b" }), ["1.0"], "what b is answered by");
  assert.deepEqual(await versionsSeen(bed, {}), ["1.1"], "what everybody else is answered by");
  await bed.must(0, "promote", "--wait");
  const seen = await renewed(stage, { version: "1.0", GREETING: "hello" });
  return `${questions} of ${questions} with x-variant: b on the new side, none without; promoted: ${seen}`;
}

function canaryOf(time: string) {
  const steps = [{ weight: 20 }, { analysis: time }, { weight: 50 }, { analysis: time }];
  return {
    strategy: { canary: { steps, bake: "1s" } },
    analysis: [{ metric: "error-rate", below: "1%", interval: "1s" }],
  };
}

async function untilHeld(bed: AppBed, waypoint: string): Promise<void> {
  await until(async () => {
    const { why } = await bed.status();
    return why.kind === "held" && why.waypoint === waypoint;
  }, `the release waits at ${waypoint}`);
}

async function versionsSeen(
  bed: AppBed,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const asked = Array.from({ length: questions }, async () => {
    const answer = await fetch(bed.url, { headers: { ...headers, connection: "close" } });
    const { version }: ShopAnswer = JSON.parse(await answer.text());
    return version;
  });
  return [...new Set(await Promise.all(asked))];
}

function byNumber(a: string | null, b: string | null): number {
  return Number(a) - Number(b);
}
