import type { StatusReport } from "@hitless/controller";
import type { Amount } from "@hitless/core";
import { AppBed } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";
import { describeLevels, type Levels, levelsOf } from "./release-levels.ts";
import {
  availableOf,
  longestGap,
  ReplicaSampler,
  runningOf,
  type Sample,
} from "./replica-sampler.ts";

/** A rolling release to be traced. */
export interface TraceCase {
  readonly replicas: number;
  readonly maxSurge: Amount;
  readonly maxUnavailable: Amount;
  /** What Kubernetes rounds the two to, written down by hand. */
  readonly rounded: { readonly surge: number; readonly unavailable: number };
}

/**
 * What was seen of one rolling release. All counts come from the samples, taken from outside; the
 * event log is only a witness of the order, and of the states too short to be sampled.
 */
export interface RollingTrace {
  /** Levels after each change, as the event log tells them. */
  readonly levels: readonly Levels[];
  /** The different (old, new) counts of running replicas among the samples, in order. */
  readonly seen: readonly Levels[];
  readonly samples: readonly Sample[];
  /** What was wrong, in words; empty when nothing was. */
  readonly faults: readonly string[];
  /** Readings during which something changed; judged by the lower bound only. */
  readonly torn: number;
  /** Longest time between two samples, ms. */
  readonly gapMs: number;
  /** Samples and torn readings with too few ready, or too many running. */
  readonly outside: number;
  readonly fewestAvailable: number;
  readonly mostRunning: number;
}

/** Apart enough that a replica's start can be told from the next one's. */
const startDelayMs = 300;
const sampleEveryMs = 50;
/** Fewer samples, or longer without one, and a fault could hide. */
const fewestSamples = 20;
const longestGapMs = 500;

/**
 * What was wrong with the looking, of which a release is innocent: a machine that is busy with other
 * tests stalls whoever looks as well. For a proof, which is alone. A pace that is never used up was
 * rounded wrong, or the samples cannot see.
 */
export function blindIn(at: TraceCase, trace: RollingTrace): readonly string[] {
  const { replicas, rounded } = at;
  const [least, most] = [replicas - rounded.unavailable, replicas + rounded.surge];
  return [
    ...(trace.gapMs > longestGapMs ? [`${trace.gapMs} ms without a sample`] : []),
    ...(trace.fewestAvailable > least ? [`never only ${least} ready`] : []),
    ...(trace.mostRunning < most ? [`never ${most} running`] : []),
  ];
}

/** Releases version 1.1 of the shop over 1.0 under a pace, sampled every 50 ms from outside. */
export async function traceRolling(at: TraceCase): Promise<RollingTrace> {
  const { replicas, maxSurge, maxUnavailable } = at;
  await using bed = await AppBed.make({
    app: "shop/1.0",
    settings: {
      replicas,
      config: { START_DELAY_MS: String(startDelayMs) },
      strategy: { rolling: { maxSurge, maxUnavailable } },
    },
  });
  await bed.must(0, "up", "--detach");
  const before = await bed.status();
  await bed.use("shop/1.1");
  await bed.edit({ version: "1.1" });
  const sampler = await ReplicaSampler.start(bed, sampleEveryMs);
  await bed.must(0, "release", "--wait");
  const samples = await sampler.stop();
  return judge(at, { before, after: await bed.status(), samples, levels: await told(bed, before) });
}

async function told(bed: AppBed, { stable, replicas }: StatusReport): Promise<readonly Levels[]> {
  const client = await connectTo(bed);
  const { stable: to } = await client.status();
  const events = await client.events();
  await client.close();
  const query = { from: stable ?? 0, to: to ?? 0, replicas: replicas.length };
  return levelsOf(events, query) ?? [];
}

interface Evidence {
  readonly before: StatusReport;
  readonly after: StatusReport;
  readonly samples: readonly Sample[];
  readonly levels: readonly Levels[];
}

function judge(at: TraceCase, { before, after, samples, levels }: Evidence): RollingTrace {
  const [from, to] = [before.stable ?? 0, after.stable ?? 0];
  const counts = samples.map((s) => ({
    old: runningOf(s.replicas, from),
    new: runningOf(s.replicas, to),
  }));
  const seen = counts.filter((c, index) => index === 0 || !same(c, counts[index - 1]));
  const fewestAvailable = Math.min(...samples.map((s) => availableOf(s.replicas)));
  const mostRunning = Math.max(...samples.map(runningIn));
  const gapMs = longestGap(samples);
  const torn = samples.flatMap((s) => s.torn);
  const tooFew = torn.flatMap((reading) => tooFewReady(at, reading.atMs, reading.ready));
  const bounds = samples.map((s) => outOfBounds(at, s));
  const faults = [
    ...bounds.flat(),
    ...tooFew,
    ...(samples.length < fewestSamples ? [`only ${samples.length} samples`] : []),
    ...unlikeKubernetes(at, levels),
    ...(isPartOf(seen, levels) ? [] : [`the samples show ${describe(seen)}`]),
    ...(from === to ? ["nothing was released"] : []),
  ];
  return {
    levels,
    seen,
    samples,
    faults,
    torn: torn.length,
    gapMs,
    outside: bounds.filter((found) => found.length > 0).length + tooFew.length,
    fewestAvailable,
    mostRunning,
  };
}

function outOfBounds(at: TraceCase, sample: Sample): readonly string[] {
  const running = runningIn(sample);
  const most = at.replicas + at.rounded.surge;
  return [
    ...tooFewReady(at, sample.atMs, availableOf(sample.replicas)),
    ...(running > most ? [`${sample.atMs} ms: ${running} running, more than ${most}`] : []),
  ];
}

function tooFewReady(
  { replicas, rounded }: TraceCase,
  atMs: number,
  ready: number,
): readonly string[] {
  const least = replicas - rounded.unavailable;
  return ready < least ? [`${atMs} ms: ${ready} ready, fewer than ${least}`] : [];
}

/** By the word of Hitless or by the process table, whichever is more. */
function runningIn({ replicas, processes }: Sample): number {
  const revisions = new Set(replicas.map((r) => r.revision));
  const told = [...revisions].reduce((sum, revision) => sum + runningOf(replicas, revision), 0);
  return Math.max(told, processes);
}

/**
 * The arithmetic of Kubernetes' deployment controller: the new side first grows by all the room
 * there is, then the old one shrinks by as many as stay available without.
 */
function unlikeKubernetes(at: TraceCase, levels: readonly Levels[]): readonly string[] {
  const faults = levels.slice(1).flatMap((after, index) => {
    const before = levels[index];
    if (before === undefined || isStepOf(at, before, after)) return [];
    return [`${describeLevels(before)} → ${describeLevels(after)} is no step of Kubernetes`];
  });
  const ends = { old: 0, new: at.replicas };
  return same(ends, levels.at(-1)) ? faults : [...faults, `it ended with ${describe(levels)}`];
}

function isStepOf({ replicas, rounded }: TraceCase, before: Levels, after: Levels): boolean {
  const room = replicas + rounded.surge - before.old - before.new;
  const grown = Math.min(replicas, before.new + room);
  if (grown > before.new) return same(after, { old: before.old, new: grown });
  const least = replicas - rounded.unavailable;
  return after.new === before.new && after.old < before.old && after.old + after.new >= least;
}

/** Whether the counts come in the same order among the levels: samples may miss the short ones. */
export function isPartOf(counts: readonly Levels[], levels: readonly Levels[]): boolean {
  let from = 0;
  return counts.every((count) => {
    const found = levels.findIndex((level, index) => index >= from && same(level, count));
    from = found;
    return found !== -1;
  });
}

function same(one: Levels, other: Levels | undefined): boolean {
  return one.old === other?.old && one.new === other.new;
}

/** `3+0 3+1 2+1`. */
export function describe(levels: readonly Levels[]): string {
  return levels.map(describeLevels).join(" ");
}

/** The states of a diagram as `describe` writes it. */
export function levelsIn(diagram: string): readonly Levels[] {
  return diagram.split(" ").map((state) => {
    const [old, arrived] = state.split("+").map(Number);
    return { old: old ?? 0, new: arrived ?? 0 };
  });
}
