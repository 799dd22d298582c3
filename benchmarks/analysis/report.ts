import { markdown } from "../markdown.ts";
import { canaryShare, type Fate, minutes } from "./bad-version.ts";
import { watcherKinds } from "./watchers.ts";

/** How many releases of the same code were sent back, under one climate. */
export interface FalseAlarms {
  readonly name: string;
  /** Of the canary, in each release. */
  readonly requests: number;
  readonly releases: number;
  readonly back: number;
}

/** What the watchers did with many canaries of one version. */
export interface Judged {
  readonly name: string;
  /** Whether the version should be sent back. */
  readonly bad: boolean;
  /** By canary, and by watcher. */
  readonly fates: readonly (readonly Fate[])[];
}

export interface Report {
  readonly date: string;
  readonly seconds: number;
  readonly alarms: readonly FalseAlarms[];
  /** By requests per second of the whole app. */
  readonly judged: readonly { readonly rate: number; readonly versions: readonly Judged[] }[];
}

/** What was asked, and whether it was met. */
export interface Claim {
  readonly text: string;
  readonly met: boolean;
}

const declared = 0.05;

export function claimsOf({ alarms, judged }: Report): readonly Claim[] {
  const quiet = alarms.map(({ name, back, releases }) => ({
    text: `same code, ${name}: ${percent(back / releases)} sent back, at most ${percent(declared)} declared`,
    met: back <= declared * releases,
  }));
  const spared = judged.flatMap(({ rate, versions }) =>
    versions.filter(({ bad }) => bad).map((one) => sparedClaim(one, rate)),
  );
  return [...quiet, ...spared];
}

function sparedClaim(one: Judged, rate: number): Claim {
  const [ours = Number.NaN, ...theirs] = watcherKinds.map((_, i) => harmedOn(one, i));
  const best = Math.min(...theirs);
  return {
    text: `${one.name}, ${rate} requests/s: ${digits(ours)} clients harmed, the best fixed window ${digits(best)}: at most half`,
    met: ours <= best / 2,
  };
}

/** Markdown: the false alarms, and all watchers beside each other in one table. */
export function render(report: Report): string {
  const { alarms, judged, date, seconds } = report;
  const claims = claimsOf(report).map(({ text, met }) => `- ${met ? "met" : "NOT MET"}: ${text}`);
  return [
    ...markdown(
      ["the same code, looked at after each request", "requests", "releases", "sent back", "share"],
      alarms.map(({ name, requests, releases, back }) => [
        name,
        String(requests),
        String(releases),
        String(back),
        percent(back / releases),
      ]),
    ),
    "",
    ...judged.flatMap(({ rate, versions }) => [
      ...markdown(
        [`${rate} requests/s`, ...versions.map(({ name }) => name)],
        watcherKinds.map(({ name, how }, i) => [
          `${name} (${how})`,
          ...versions.map((one) => cellOf(one, i)),
        ]),
      ),
      "",
    ]),
    `${date} UTC, ${Math.round(seconds)} s. A canary with ${canaryShare * 100} % of the requests, ${judged[0]?.versions[0]?.fates.length ?? 0} of each version, watched for ${minutes} min.`,
    "",
    ...claims,
  ].join("\n");
}

/** How often it was sent back; of bad versions, whom that cost, and after how many requests it was. */
function cellOf({ bad, fates }: Judged, watcher: number): string {
  const own = fates.flatMap((all) => all[watcher] ?? []);
  const back = own.filter((fate) => fate.back);
  const share = percent(back.length / own.length);
  if (!bad) return `${share} sent back`;
  const requests = Math.round(mean(own.map((fate) => fate.requests)));
  const found = back.length === own.length ? "" : `, only ${share} sent back`;
  return `${digits(mean(own.map(({ harmed }) => harmed)))} harmed of ${requests}${found}`;
}

function harmedOn({ fates }: Judged, watcher: number): number {
  return mean(fates.flatMap((all) => all[watcher]?.harmed ?? []));
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function digits(n: number): string {
  return n.toFixed(n < 100 ? 1 : 0);
}
