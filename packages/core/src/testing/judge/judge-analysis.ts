import type { App } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { Metric, Sample } from "../../model/metric.ts";
import type { Observation, Observed } from "../../model/observed.ts";
import type { Release } from "../../model/release.ts";
import { leftForward, type Passes } from "./leaving.ts";

/** A measurement as the controller was told of it. */
interface Told {
  readonly sample: Sample;
  /** Whether it was taken after the initial delay of its metric. */
  readonly judged: boolean;
}

/** Waits for the world, which come before anything that a metric says. */
const ofTheWorld = new Set(["unobservable", "stale", "routeBarrier", "unrouting", "paused"]);

/**
 * What the sources of a release have said where it stands, measured by nothing of the reconciler's:
 * the last word of each measurement counts, whoever had asked for it before and died.
 */
export class AnalysisJudge {
  readonly #passes: Passes;
  #at = "";
  #told = new Map<string, Map<string, Told>>();
  /** Requests that the canary had got when its waypoint was reached; null: it is not. */
  #reached: number | null = null;

  constructor(passes: Passes) {
    this.#passes = passes;
  }

  /** A controller has looked. */
  onLook(app: App, wanted: readonly Observation[], { seen, now }: { seen: Observed; now: number }) {
    const { release } = app;
    if (release === null) return;
    this.#moveTo(release);
    for (const need of wanted) {
      if (need.kind !== "measurement") continue;
      const sample = seen.measurements[need.key];
      if (sample === undefined || release.reached === null) continue;
      const judged = now >= release.reached.at + need.metric.initialDelayMs;
      const told = this.#told.get(need.metric.name) ?? new Map<string, Told>();
      this.#told.set(need.metric.name, told);
      told.delete(need.key);
      told.set(need.key, { sample, judged });
    }
  }

  /** A release was saved anew. `requests`: what its canary has got in truth. */
  onSave(before: Release | null, now: Release | null, requests: number): readonly string[] {
    const found = before === null || now === null ? [] : this.#left(before, now, requests);
    if (now !== null) this.#moveTo(now);
    if (now?.reached === null || now === null) this.#reached = null;
    else this.#reached ??= requests;
    return found;
  }

  /** A wait of a release that goes forward, while a metric of it has failed. */
  onDecision({ release }: App, decision: Decision): readonly string[] {
    if (decision.kind !== "wait" || release?.direction !== "forward") return [];
    const at = release.plan[release.cursor];
    if (at === undefined || release.paused !== null || ofTheWorld.has(decision.why.kind)) return [];
    if (release.reached === null || at.onFail !== "back" || this.#passes.allowed(release, at.id))
      return [];
    this.#moveTo(release);
    const failed = (at.metrics ?? []).filter((metric) => this.#hasFailed(metric));
    return failed.map(
      ({ name }) => `analysis: ${name} has failed at ${at.id}, and ${decision.why.kind} holds it`,
    );
  }

  #left(before: Release, now: Release, requests: number): readonly string[] {
    const left = leftForward(before, now);
    if (left === null || left.hold.length === 0 || this.#passes.allowed(now, left.id)) return [];
    this.#moveTo(before);
    const asked = left.hold.some(({ kind }) => kind === "analysis");
    return (left.metrics ?? []).flatMap((metric) => {
      const reason = asked ? this.#unproven(metric, requests) : this.#unread(metric);
      return reason === null ? [] : [`analysis: ${left.id} was left, and ${metric.name} ${reason}`];
    });
  }

  /** Why a metric has not passed; null when it has. */
  #unproven(metric: Metric, requests: number): string | null {
    if (metric.source.kind === "proxy") {
      const got = requests - (this.#reached ?? requests);
      const { least } = metric.requests;
      return got < least ? `had ${got} of ${least} requests` : null;
    }
    const told = this.#toldOf(metric);
    const last = told.at(-1);
    if (last === undefined) return "was never measured";
    if (!told.some(({ judged }) => judged)) return "was not judged yet";
    return isGood(last.sample) ? null : `said ${JSON.stringify(last.sample)} last`;
  }

  /** Why nothing may pass, held for by an analysis or not: it cannot be measured, again and again. */
  #unread(metric: Metric): string | null {
    const last = this.#toldOf(metric).slice(-metric.errorLimit);
    const none = last.every(({ sample, judged }) => judged && sample.kind === "noData");
    return last.length === metric.errorLimit && none ? "could not be measured" : null;
  }

  #hasFailed(metric: Metric): boolean {
    const judged = this.#toldOf(metric).filter((told) => told.judged);
    const wrong = judged.filter(({ sample }) => sample.kind === "value" && !isGood(sample)).length;
    return wrong > metric.failureLimit;
  }

  #toldOf({ name }: Metric): readonly Told[] {
    return [...(this.#told.get(name)?.values() ?? [])];
  }

  /** What was measured elsewhere says nothing here. */
  #moveTo(release: Release): void {
    const at = placeOf(release);
    if (at === this.#at) return;
    this.#at = at;
    this.#told = new Map();
    this.#reached = null;
  }
}

/** Nobody comes to the same place twice without a save elsewhere between; its times move with the clock. */
function placeOf({ id, direction, cursor }: Release): string {
  return [id, direction, cursor].join("/");
}

/** The metrics of stories are good below 1. */
function isGood(sample: Sample): boolean {
  return sample.kind === "value" && sample.value < 1;
}
