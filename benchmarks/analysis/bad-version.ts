import { seededRandom } from "@hitless/load";
import { type Chance, usual, usualP95Ms, type Version } from "./climate.ts";
import { latencyEffect } from "./metrics.ts";
import { Traffic } from "./traffic.ts";
import { type Second, watcherKinds } from "./watchers.ts";

/** What one watcher did with one canary. */
export interface Fate {
  /** Whether it sent it back within the half hour. */
  readonly back: boolean;
  /** Requests of the canary until then. */
  readonly requests: number;
  /** Of these, failed or slow ones. */
  readonly harmed: number;
}

/** What counts as harm: a request that fails, or an answer slower than 95 % of stable's. */
export type Harm = "failed" | "slow";

/** Requests per second of the whole app; the canary gets its share of them. */
export const appRates = [300, 100] as const;
export const canaryShare = 0.1;
export const minutes = 30;

/**
 * One canary that has a tenth of the requests until it is sent back. All watchers look at the same
 * requests; the fixed windows know where stable's p95 is, and draw their line where the comparison
 * draws its own.
 */
export function fatesOf(
  version: Version,
  harm: Harm,
  { seed, rate }: { readonly seed: number; readonly rate: number },
): readonly Fate[] {
  const chance = seededRandom(seed);
  const traffic = new Traffic(usual(chance), chance, version);
  const watching = watcherKinds.map((kind) => ({ watcher: kind.make(), fate: neverSeen }));
  let [requests, harmed] = [0, 0];
  for (let second = 1; second <= minutes * 60; second += 1) {
    const canary = oneSecond(traffic, { second, chance, harm, rate });
    requests += canary.requests;
    harmed += canary.harmed;
    const seen: Second = { second, canary, stable: traffic.stable.take() };
    for (const each of watching) {
      if (!each.fate.back) each.fate = { back: each.watcher.sees(seen), requests, harmed };
    }
    if (watching.every(({ fate }) => fate.back)) break;
  }
  return watching.map(({ fate }) => fate);
}

/** What the canary answers in one second; stable's answers stay where they are. */
function oneSecond(
  traffic: Traffic,
  at: {
    readonly second: number;
    readonly chance: Chance;
    readonly harm: Harm;
    readonly rate: number;
  },
) {
  const { canary, stable } = traffic;
  let [slow, harmed] = [0, 0];
  traffic.at(at.second);
  for (let n = 0; n < at.rate; n += 1) {
    if (at.chance() >= canaryShare) {
      stable.serve();
      continue;
    }
    canary.serve();
    if (at.harm === "failed" ? canary.failed : canary.ms > usualP95Ms) harmed += 1;
    if (canary.ms > latencyEffect * usualP95Ms) slow += 1;
  }
  return { ...canary.take(), slow, harmed };
}

const neverSeen: Fate = { back: false, requests: 0, harmed: 0 };
