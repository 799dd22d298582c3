import { describeExit, type ReleaseRecord } from "@hitless/core";
import { AppBed } from "../test/bed/app-bed.ts";
import {
  type BadVersion,
  type FailedRelease,
  failRelease,
  spoil,
} from "../test/bed/failing-release.ts";
import type { Finding, Proof } from "./proof.ts";

interface Case extends BadVersion {
  readonly settings: {
    readonly minReadySeconds: number;
    readonly progressDeadlineSeconds: number;
    readonly run?: string | readonly string[];
  };
}

const replicas = 4;
/** What the way back may take beyond the deadline. */
const backWithinSeconds = 5;
const short = { minReadySeconds: 0, progressDeadlineSeconds: 5 };

const cases: readonly Case[] = [
  {
    what: "never ready",
    app: "shop/bad/never-ready",
    settings: short,
    code: `console.log("waiting for the warehouse");`,
    cause: "GET /ready → 503",
    logLine: "waiting for the warehouse",
  },
  {
    what: "crashes at once",
    app: "shop/bad/crashes-at-once",
    settings: short,
    cause: "exit 1",
    logLine: "DATABASE_URL is not set",
  },
  {
    what: "crashes after 5 s",
    app: "shop/bad/crashes-after-5s",
    settings: { minReadySeconds: 8, progressDeadlineSeconds: 20 },
    cause: "exit 1",
    logLine: "out of luck",
  },
  {
    what: "no such command",
    settings: { ...short, run: "exec shop-server --port $PORT" },
    cause: "exit 127",
    logLine: "shop-server: not found",
  },
  {
    what: "killed by a signal",
    settings: { ...short, run: ["sh", "-c", "echo uses too much memory; kill -9 $$"] },
    cause: "SIGKILL",
    logLine: "uses too much memory",
  },
];

/** A bad version gets no further than one replica, and is gone in time, with its reason told. */
export const proof: Proof = {
  title: "bad versions stop at the first replica, go back by themselves, and `why` says why",
  seconds: 120,
  async run(): Promise<Finding> {
    const told: string[] = [];
    const faults: string[] = [];
    const bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
    try {
      await bed.must(0, "up", "--detach");
      for (const bad of cases) {
        await spoil(bed, bad);
        const seen = await failRelease(bed);
        const found = [...faultsOf(bad, seen), ...(await notBack(bed))];
        told.push(`${bad.what} ${seen.seconds.toFixed(1)} s`);
        faults.push(...print(bad, seen.command.stderr, found));
      }
    } finally {
      await bed.close();
    }
    for (const bad of cases) {
      const { seconds, found, said } = await firstOf(bad);
      told.push(`first: ${bad.what} ${seconds.toFixed(1)} s`);
      faults.push(...print({ ...bad, what: `first: ${bad.what}` }, said, found));
    }
    const ok = faults.length === 0;
    return { figure: `${told.join(", ")}${ok ? "" : `; ${faults.length} faults`}`, ok };
  },
};

function faultsOf(bad: Case, seen: FailedRelease): readonly string[] {
  const { command, seconds, record, why, history, mostNew, fewestAvailable } = seen;
  const limit = bad.settings.progressDeadlineSeconds + backWithinSeconds;
  const missing = (where: string, text: string) =>
    [bad.cause, bad.logLine].flatMap((word) =>
      text.includes(word) ? [] : [`${where} does not name ${JSON.stringify(word)}: ${text}`],
    );
  return [
    ...(command.code === 3 ? [] : [`exit ${command.code}, not 3`]),
    ...(seconds < limit ? [] : [`${seconds} s, not less than ${limit}`]),
    ...(record?.outcome === "failed" ? [] : [`history says ${record?.outcome}`]),
    ...(mostNew === 1 ? [] : [`${mostNew} replicas of it ran`]),
    ...(fewestAvailable === replicas ? [] : [`only ${fewestAvailable} old ones were ready`]),
    ...(command.stderr.includes(bad.cause) ? [] : [`release does not name ${bad.cause}`]),
    ...missing("why", why),
    ...missing("history", history),
    ...missing("history --json", evidenceOf(record)),
  ];
}

function evidenceOf(record: ReleaseRecord | undefined): string {
  const reason = record?.reason ?? null;
  if (reason === null || !("evidence" in reason)) return "no evidence";
  const { exit, probe, lastLogLines } = reason.evidence;
  const ended = exit === null ? "" : describeExit(exit);
  return [ended, probe?.evidence, ...lastLogLines].join("\n");
}

async function notBack(bed: AppBed): Promise<readonly string[]> {
  const status = await bed.status();
  const answers = await bed.everybody(replicas);
  const back =
    status.stable === 1 && status.release === null && status.replicas.length === replicas;
  return back && answers.every((a) => a.version === "1.0") ? [] : ["the old version is not back"];
}

/** The first revision of an app fails: there is nothing to go back to, until it is mended. */
async function firstOf(bad: Case) {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  await spoil(bed, bad);
  const up = await bed.run("up", "--detach");
  const why = (await bed.must(0, "why")).stdout;
  const limit = bad.settings.progressDeadlineSeconds + backWithinSeconds;
  const { replicas: left, lastRelease } = await bed.status();
  const tookMs = (lastRelease?.endedAt ?? Infinity) - (lastRelease?.startedAt ?? 0);
  // Starting the controller and the proxy is no part of the release.
  const seconds = tookMs / 1000;
  await bed.use("shop/1.0");
  await bed.edit({ version: "1.0", run: ["node", "server.mjs"], minReadySeconds: 0 });
  const mended = await bed.run("release", "--wait");
  const answers = mended.code === 0 ? await bed.everybody(replicas) : [];
  const found = [
    ...(up.code === 7 ? [] : [`up exited ${up.code}, not 7`]),
    ...(seconds < limit ? [] : [`${seconds} s, not less than ${limit}`]),
    ...(up.stderr.includes(bad.cause) ? [] : [`up does not name ${bad.cause}: ${up.stderr}`]),
    ...(why.includes(bad.cause) ? [] : [`why does not name ${bad.cause}: ${why}`]),
    ...(why.includes(bad.logLine) ? [] : [`why does not show ${bad.logLine}: ${why}`]),
    ...(left.length === 0 ? [] : [`${left.length} replicas of it are left`]),
    ...(answers.length === replicas ? [] : [`not mended: ${mended.stderr}`]),
  ];
  return { seconds, found, said: up.stderr };
}

function print(bad: Case, said: string, found: readonly string[]): readonly string[] {
  console.log(`${bad.what}: ${lastWords(said)}`);
  for (const fault of found) console.log(`  FAULT ${fault}`);
  return found.map((fault) => `${bad.what}: ${fault}`);
}

function lastWords(said: string): string {
  return said.split("\n").find((line) => line.startsWith("error ")) ?? said;
}
