import type { ReleaseRecord } from "@hitless/core";
import { startLoad } from "@hitless/load";
import { AppBed } from "../test/bed/app-bed.ts";
import type { Finding, Proof } from "./proof.ts";

const releases = 50;
/** Apps that are released at once, each with its own load: starting one disturbs the other. */
const apps = 2;
const mostBack = 0.05;
const rate = 150;
/** The defaults of the app file. */
const analysis = [
  { metric: "error-rate", compare: "stable" },
  { metric: "latency-p95", compare: "stable" },
];
const settings = {
  replicas: 2,
  config: { ILL: "no" },
  strategy: { canary: { steps: [{ weight: 50, analysis: "5s" }], bake: "1s" } },
  analysis,
};
/** Slower than the load's own answers of 300 ms, which its p95 may be among. */
const bad = [
  { ILL: "errors", SLOW_MS: "0" },
  { ILL: "slow", SLOW_MS: "1000" },
];

/** Each release starts processes that never served: what is slow about that is no fault of the code. */
export const proof: Proof = {
  title: `${releases} releases of the same code, each with a fresh, cold canary judged in a window of 5 s: at most ${mostBack * 100} % sent back`,
  seconds: 500,
  takes: [{ kind: "number", name: "RELEASES", what: `how many; ${releases}`, least: apps }],
  async run(args): Promise<Finding> {
    const each = Math.ceil(Number(args[0] ?? releases) / apps);
    const found = await Promise.all(
      Array.from({ length: apps }, (_, n) => releaseOne(n + 1, each)),
    );
    const back = found.reduce((sum, one) => sum + one.back, 0);
    const faults = found.flatMap((one) => one.faults);
    for (const fault of faults) console.log(`FAULT ${fault}`);
    const all = each * apps;
    return {
      figure: `${all} releases of the same code, ${back} sent back (${((100 * back) / all).toFixed(1)} %, at most ${mostBack * 100} % wanted); ${apps * bad.length} bad versions, ${faults.length === 0 ? "all" : "NOT all"} sent back`,
      ok: back <= mostBack * all && faults.length === 0,
    };
  },
};

/** One app, released over and over, and then with versions that are bad: who sends nothing back is blind. */
async function releaseOne(
  app: number,
  times: number,
): Promise<{ readonly back: number; readonly faults: readonly string[] }> {
  await using bed = await AppBed.make({ app: "shop/bad/ill", settings });
  await bed.must(0, "up", "--detach");
  await using _load = startLoad({ url: bed.url, rate, seed: app });
  const faults: string[] = [];
  let back = 0;
  for (let n = 1; n <= times; n += 1) {
    const record = await released(bed, { TURN: String(n) });
    if (record.outcome !== "succeeded") back += 1;
    else if (passedOf(record) < analysis.length)
      faults.push(`release ${record.id} passed unjudged`);
    console.log(`app ${app}, ${n}/${times}: ${record.outcome}${failuresOf(record)}`);
  }
  for (const config of bad) {
    const record = await released(bed, config);
    console.log(`app ${app}, ${config.ILL}: ${record.outcome}${failuresOf(record)}`);
    if (record.outcome !== "failed") faults.push(`${config.ILL} was not sent back`);
  }
  return { back, faults };
}

/** A release of config alone, with what `history` says of it. */
async function released(
  bed: AppBed,
  config: Readonly<Record<string, string>>,
): Promise<ReleaseRecord> {
  const sets = Object.entries(config).flatMap(([key, value]) => [
    "--set",
    `config.${key}=${value}`,
  ]);
  const { code, stderr } = await bed.run("release", ...sets, "--wait", "--timeout", "5m");
  if (code !== 0 && code !== 3) throw new Error(`release: exit ${code}: ${stderr}`);
  const record = (await bed.history()).toSorted((a, b) => b.id - a.id)[0];
  if (record === undefined) throw new Error("history is empty");
  return record;
}

function passedOf({ judged = [] }: ReleaseRecord): number {
  return judged.filter(({ verdict }) => verdict === "successful").length;
}

function failuresOf({ judged = [] }: ReleaseRecord): string {
  const failed = judged.filter(({ verdict }) => verdict === "failed");
  return failed.map(({ metric, detail }) => `; ${metric}: ${detail}`).join("");
}
