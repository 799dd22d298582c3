import type { App } from "../model/app.ts";
import type { HookResult } from "../model/hook.ts";
import type { Sample } from "../model/metric.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Observation, Observed, ReplicaView, SchemaView, Verdict } from "../model/observed.ts";
import type { Scenario } from "./scenario.ts";

const usualMs = 1000;

type HookMutation = Extract<Mutation, { kind: "hook" }>;
type Measurement = Extract<Observation, { kind: "measurement" }>;

/** What the world says that is neither engine nor controller. */
export type Sources = Pick<
  Scenario,
  "hook" | "hookMs" | "measure" | "measureMs" | "verdict" | "rate"
>;

interface Taken {
  readonly at: number;
  readonly sample: Sample | null;
}

/**
 * Hooks, measurements and migrations of a simulation. As with a real controller, what runs and what
 * came of it is gone with who ran it, unless it was saved; a migration stays.
 */
export class FakeOutside {
  readonly #sources: Sources;
  readonly #hooks = new Map<string, { readonly at: number; readonly result: HookResult }>();
  readonly #measurements = new Map<string, Taken>();
  readonly #phases = new Map<SchemaView["phase"], number>();
  /** Hooks that have run to their end, by key, whoever was there to hear of it. */
  readonly ended = new Map<string, HookResult>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Begins it, unless it has begun. */
  begin(mutation: HookMutation | Extract<Mutation, { kind: "migrate" }>, now: number): void {
    if (mutation.kind === "hook") {
      this.#run(mutation, now);
      return;
    }
    const phase = mutation.phase === "expand" ? "expanded" : "contracted";
    if (!this.#phases.has(phase)) this.#phases.set(phase, now + usualMs);
  }

  /** The controller is gone, and with it what it ran, and what it had heard and not saved. */
  forget(now: number): void {
    this.#hooks.clear();
    this.#measurements.clear();
    for (const [phase, at] of this.#phases) if (at > now) this.#phases.delete(phase);
  }

  /** Whether that hook was begun and is not over. */
  runs(key: string, now: number): boolean {
    return (this.#hooks.get(key)?.at ?? now) > now;
  }

  /** What is over by now, of what is asked for. `wall`: what the clock says. */
  view(
    wanted: readonly Observation[],
    { now, wall }: { readonly now: number; readonly wall: number },
  ): Pick<Observed, "schema" | "hooks" | "measurements" | "verdicts" | "rate"> {
    for (const need of wanted) if (need.kind === "measurement") this.#measure(need, { now, wall });
    return {
      schema: { kind: "known", value: { phase: this.#phaseAt(now) }, asOf: 0 },
      hooks: this.#hooksAt(now),
      measurements: this.#samplesAt(wanted, now),
      verdicts: this.#verdictsAt(wanted, wall),
      rate: { kind: "known", value: this.rate(wall), asOf: 0 },
    };
  }

  /** Requests per second that come. */
  rate(wall: number): number {
    return this.#sources.rate?.(wall) ?? 100;
  }

  /** When the next of them is over; Infinity when none runs. */
  nextAt(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const at of this.#phases.values()) if (at > now) next = Math.min(next, at);
    for (const running of [this.#hooks, this.#measurements]) {
      for (const { at } of running.values()) if (at > now) next = Math.min(next, at);
    }
    return next;
  }

  /** No attempt lasts longer than it may. */
  #run({ key, hook }: HookMutation, now: number): void {
    if (this.#hooks.has(key)) return;
    const takesMs = this.#sources.hookMs?.(key) ?? usualMs;
    const at = now + Math.min(takesMs, hook.timeoutMs * hook.attempts);
    const outcome = this.#sources.hook?.(key) ?? "done";
    this.#hooks.set(key, { at, result: { outcome, detail: `as told of ${key}` } });
  }

  #measure(need: Measurement, { now, wall }: { readonly now: number; readonly wall: number }) {
    const known = this.#measurements.get(need.key);
    // Nothing came of it yet: it is asked again.
    if (known !== undefined && known.sample !== null) return;
    const sample = this.#sampleOf(need, wall);
    const ms = Math.min(this.#sources.measureMs?.(need.metric) ?? 0, need.metric.timeoutMs);
    this.#measurements.set(need.key, { at: now + ms, sample });
  }

  #sampleOf({ metric }: Measurement, wall: number): Sample | null {
    const { measure } = this.#sources;
    return measure === undefined ? { kind: "value", value: 0 } : measure(metric, wall);
  }

  #samplesAt(wanted: readonly Observation[], now: number): Observed["measurements"] {
    const asked = new Set(wanted.flatMap((need) => ("key" in need ? [need.key] : [])));
    const over: Record<string, Sample> = {};
    for (const [key, { at, sample }] of this.#measurements) {
      if (!asked.has(key)) this.#measurements.delete(key);
      else if (at <= now && sample !== null) over[key] = sample;
    }
    return over;
  }

  #verdictsAt(wanted: readonly Observation[], wall: number): Observed["verdicts"] {
    const verdicts: Record<string, Verdict> = {};
    for (const need of wanted) {
      if (need.kind !== "verdict") continue;
      const verdict = this.#sources.verdict?.(need.name, wall) ?? null;
      if (verdict !== null) verdicts[need.name] = verdict;
    }
    return verdicts;
  }

  #hooksAt(now: number): Observed["hooks"] {
    const over: Record<string, HookResult> = {};
    for (const [key, { at, result }] of this.#hooks) {
      if (at > now) continue;
      over[key] = result;
      this.ended.set(key, result);
    }
    return over;
  }

  #phaseAt(now: number): SchemaView["phase"] {
    const reached = (phase: SchemaView["phase"]) => (this.#phases.get(phase) ?? Infinity) <= now;
    const undone = reached("expanded") ? "expanded" : "none";
    return reached("contracted") ? "contracted" : undone;
  }
}

/** Last words of what may become the evidence of a failure. */
export function lastLines(app: App, replicas: readonly ReplicaView[]): Observed["lastLogLines"] {
  const { release } = app;
  if (release?.direction !== "forward") return {};
  const failing = replicas.filter((r) => r.revision === release.to && r.state !== "ready");
  return Object.fromEntries(failing.map((r) => [r.id, [`last words of ${r.id}`]]));
}
