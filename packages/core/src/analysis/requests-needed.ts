import type { Metric } from "../model/metric.ts";
import { clumpOf } from "./clumps.ts";
import { allowedShare, type CountedMetric, isCounted } from "./counted-metric.ts";
import { percent } from "./digits.ts";
import { ratios, spreadCost } from "./evidence.ts";

/** Requests of the canary, and how long it takes until it has got them. */
export interface Needed {
  readonly requests: number;
  /** Null when the rate is unknown or 0. */
  readonly seconds: number | null;
}

/** What a verdict of a metric is expected to need. */
export interface RequestsNeeded {
  /** Before the canary may pass. */
  readonly toPass: Needed;
  /** On average, until one that is as bad as `bad` says is found out; null: not before `requests.most`. */
  readonly toFail: Needed | null;
  /** `0.5 % errors where stable has 0.1 %`. */
  readonly bad: string;
}

/** What the canary is expected to get. */
export interface Expected {
  /** Its share of the requests, 0 to 1. */
  readonly share: number;
  /** Requests per second of the app; null: unknown. */
  readonly rate: number | null;
  /** Stable's share of errors; absent: 0.001. */
  readonly stableErrors?: number;
}

/**
 * How many requests a verdict needs, for `plan`; null for sources that give one number. The bad
 * version is twice as bad as it may be at most. An estimate: evidence needed by evidence expected of
 * one request, as Wald (1945) has it for his sequential test.
 */
export function requestsNeeded(metric: Metric, expected: Expected): RequestsNeeded | null {
  if (!isCounted(metric)) return null;
  const { least, most } = metric.requests;
  const { canary, stable } = badVersion(metric, expected);
  const growth =
    metric.judge.kind === "threshold"
      ? growthOf({ against: canary, draws: 1, chance: allowedShare(metric) })
      : growthOf({
          against: canary,
          draws: canary + (stable * (1 - expected.share)) / expected.share,
          chance: expected.share,
        });
  const needed = (spreadCost - Math.log(metric.falseAlarms)) * clumpOf(metric, {});
  const found = Math.ceil(needed / growth);
  return {
    toPass: neededFor(least, expected),
    toFail: growth > 0 && found <= most ? neededFor(found, expected) : null,
    bad: describeBad(metric, { canary, stable }),
  };
}

/** Shares of bad requests. */
interface Shares {
  readonly canary: number;
  readonly stable: number;
}

function badVersion(metric: CountedMetric, { stableErrors = 0.001 }: Expected): Shares {
  const { source, judge } = metric;
  if (judge.kind === "threshold" || source.measure.kind === "latency") {
    // Of stable's answers, fewer than the quantile leaves are slower than `effect` times it.
    const allowed = allowedShare(metric);
    return { canary: Math.min(1, 2 * allowed), stable: allowed / 2 };
  }
  return { canary: Math.min(1, stableErrors + 2 * judge.effect), stable: stableErrors };
}

/** By how much one request makes the evidence grow, as a logarithm, for the best alternative. */
function growthOf(draw: {
  readonly against: number;
  readonly draws: number;
  readonly chance: number;
}): number {
  const { against, draws, chance } = draw;
  return Math.max(
    ...ratios.map((r) => against * Math.log(r) - draws * Math.log1p((r - 1) * chance)),
  );
}

function neededFor(requests: number, { rate, share }: Expected): Needed {
  const perSecond = (rate ?? 0) * share;
  return { requests, seconds: perSecond > 0 ? requests / perSecond : null };
}

function describeBad({ source, judge }: CountedMetric, { canary, stable }: Shares): string {
  const what = source.measure.kind === "errors" ? "errors" : "slow answers";
  const beside =
    judge.kind === "threshold"
      ? `where ${percent(canary / 2)} are allowed`
      : `where stable has ${percent(stable)}`;
  return `${percent(canary)} ${what} ${beside}`;
}
