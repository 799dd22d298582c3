import { z } from "zod";
import type { Judge, Measure } from "../model/metric.ts";
import { parseDuration, writtenDuration } from "./duration.ts";
import { must } from "./expectation.ts";
import { parseShare, writtenShare } from "./percent.ts";

type Bound = string | number;

/** The keys of a metric in the app file that say when it is good. */
interface JudgeKeys {
  /** Undefined: the source gives plain numbers. */
  readonly metric?: Measure | undefined;
  readonly below?: Bound | undefined;
  readonly above?: Bound | undefined;
  readonly compare?: "stable" | undefined;
  readonly effect?: number | undefined;
}

/** What is wrong with one key of a metric. */
export interface KeyProblem {
  readonly key: string;
  readonly be: string;
  /** It is the key that has no place there. */
  readonly isKey?: true;
}

const boundRule = must("a percentage such as 1%, a time such as 500ms or a number");
const usualEffect = { errors: 0.002, latency: 0.2 } as const;
const shareRule = "a percentage such as 1%, more than 0% and less than 100%";
const timeRule = "a time such as 500ms, more than 0";
const numberRule = "a number, in the unit of what is measured";

/** `below` and `above`, whose form depends on what is measured. */
export const boundSchema = z.union(
  [z.number(), z.string().regex(/^[\d.]+(?:%|[a-z]+)$/u, { error: boundRule, abort: true })],
  { error: boundRule },
);

/** What is wrong with when a metric is good. */
export function judgeProblems(keys: JudgeKeys): readonly KeyProblem[] {
  const { metric, below, above, compare, effect } = keys;
  if (effect !== undefined && compare === undefined) {
    return [{ key: "effect", be: must("left out here: it belongs to compare"), isKey: true }];
  }
  if (compare !== undefined) {
    if (below === undefined) return [];
    const be = must("left out here: a comparison has effect, or is a metric of its own");
    return [{ key: "below", be, isKey: true }];
  }
  if (below === undefined && above === undefined) {
    const other = metric === undefined ? "above" : "compare: stable";
    return [{ key: "below", be: must(ruleFor(metric), `or write ${other} instead`) }];
  }
  return boundProblems(keys);
}

/** For keys without a problem. */
export function judgeOf({ metric, below, above, compare, effect }: JudgeKeys): Judge {
  if (compare === undefined) {
    return { kind: "threshold", below: toBound(metric, below), above: toBound(metric, above) };
  }
  const kind = metric?.kind ?? "errors";
  const more = effect ?? usualEffect[kind];
  return { kind: "comparison", effect: kind === "latency" ? Number((1 + more).toFixed(6)) : more };
}

/** The keys again, as the app file writes them. */
export function writtenJudge(judge: Judge, metric: Measure | undefined) {
  if (judge.kind === "comparison") {
    const more = metric?.kind === "latency" ? judge.effect - 1 : judge.effect;
    return { compare: "stable", effect: writtenShare(more) };
  }
  const { below, above } = judge;
  return {
    ...(below === null ? {} : { below: writtenBound(metric, below) }),
    ...(above === null ? {} : { above: writtenBound(metric, above) }),
  };
}

function boundProblems({ metric, below, above }: JudgeKeys): readonly KeyProblem[] {
  const [low, high] = [toBound(metric, above), toBound(metric, below)];
  const given = { below, above } as const;
  const unfit = (["below", "above"] as const).filter(
    (key) => given[key] !== undefined && toBound(metric, given[key]) === null,
  );
  if (unfit.length > 0) {
    return unfit.map((key) => ({
      key,
      be: must(ruleFor(metric), hintFor(metric, given[key])),
    }));
  }
  if (low === null || high === null || low < high) return [];
  return [{ key: "above", be: must(`less than below, which is ${high}: no number is both`) }];
}

function ruleFor(metric: Measure | undefined): string {
  if (metric === undefined) return numberRule;
  return metric.kind === "errors" ? shareRule : timeRule;
}

function hintFor(metric: Measure | undefined, bound: Bound | undefined): string | undefined {
  if (metric?.kind === "latency" && typeof bound === "number") return `write ${bound}ms`;
  if (metric !== undefined || typeof bound !== "string") return undefined;
  const share = parseShare(bound);
  if (share !== null) return `write ${share} for a share`;
  const ms = parseDuration(bound);
  return ms === null ? undefined : `write ${ms / 1000} for seconds, as Prometheus counts them`;
}

/** Shares from 0 to 1, latencies in ms, or the number itself; null when it is none. */
function toBound(metric: Measure | undefined, bound: Bound | undefined): number | null {
  if (bound === undefined) return null;
  if (metric === undefined) return typeof bound === "number" ? bound : null;
  const value = metric.kind === "errors" ? toShare(bound) : parseDuration(String(bound));
  return value !== null && value > 0 ? value : null;
}

function toShare(bound: Bound): number | null {
  const share = typeof bound === "number" ? bound : parseShare(bound);
  return share !== null && share < 1 ? share : null;
}

function writtenBound(metric: Measure | undefined, bound: number): Bound {
  if (metric === undefined) return bound;
  return metric.kind === "errors" ? writtenShare(bound) : writtenDuration(bound);
}
