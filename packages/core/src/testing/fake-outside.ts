import type { App } from "../model/app.ts";
import type { HookResult } from "../model/hook.ts";
import type { Sample } from "../model/metric.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Observation, Observed, ReplicaView, SchemaView, Verdict } from "../model/observed.ts";
import type { Scenario } from "./scenario.ts";

const takesMs = 1000;

/** Hooks and migrations of a simulation: each takes a second and is then over. */
export class FakeOutside {
  readonly #verdict: (key: string) => "done" | "failed";
  readonly #hooks = new Map<string, number>();
  readonly #phases = new Map<SchemaView["phase"], number>();

  constructor(verdict: (key: string) => "done" | "failed") {
    this.#verdict = verdict;
  }

  /** Begins it, unless it has begun. */
  begin(mutation: Extract<Mutation, { kind: "hook" | "migrate" }>, now: number): void {
    if (mutation.kind === "hook") {
      if (!this.#hooks.has(mutation.key)) this.#hooks.set(mutation.key, now + takesMs);
      return;
    }
    const phase = mutation.phase === "expand" ? "expanded" : "contracted";
    if (!this.#phases.has(phase)) this.#phases.set(phase, now + takesMs);
  }

  /** The controller that ran them is gone: what is not over never will be. */
  forget(now: number): void {
    for (const running of [this.#hooks, this.#phases]) {
      for (const [what, at] of running) if (at > now) running.delete(what);
    }
  }

  view(now: number): Pick<Observed, "schema" | "hooks"> {
    const reached = (phase: SchemaView["phase"]) => (this.#phases.get(phase) ?? Infinity) <= now;
    const undone = reached("expanded") ? "expanded" : "none";
    const phase = reached("contracted") ? "contracted" : undone;
    const over = [...this.#hooks].filter(([, at]) => at <= now).map(([key]) => key);
    return {
      schema: { kind: "known", value: { phase }, asOf: 0 },
      hooks: Object.fromEntries(over.map((key) => [key, this.#resultOf(key)])),
    };
  }

  #resultOf(key: string): HookResult {
    return { outcome: this.#verdict(key), detail: `as told of ${key}` };
  }

  /** When the next of them is over; Infinity when none runs. */
  nextAt(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const running of [this.#hooks, this.#phases]) {
      for (const at of running.values()) if (at > now) next = Math.min(next, at);
    }
    return next;
  }
}

/** Last words of what may become the evidence of a failure. */
export function lastLines(app: App, replicas: readonly ReplicaView[]): Observed["lastLogLines"] {
  const { release } = app;
  if (release?.direction !== "forward") return {};
  const failing = replicas.filter((r) => r.revision === release.to && r.state !== "ready");
  return Object.fromEntries(failing.map((r) => [r.id, [`last words of ${r.id}`]]));
}

/** What gates, sources and the traffic say, as the scenario has it. */
export function saidBy(
  scenario: Pick<Scenario, "verdict" | "measure" | "rate">,
  wanted: readonly Observation[],
  now: number,
): Pick<Observed, "verdicts" | "measurements" | "rate"> {
  const verdicts: Record<string, Verdict> = {};
  const measurements: Record<string, Sample> = {};
  for (const need of wanted) {
    if (need.kind === "verdict") {
      const verdict = scenario.verdict?.(need.name, now) ?? null;
      if (verdict !== null) verdicts[need.name] = verdict;
    }
    if (need.kind === "measurement") {
      const sample = measuredBy(scenario, need, now);
      if (sample !== null) measurements[need.key] = sample;
    }
  }
  const rate = { kind: "known", value: scenario.rate?.(now) ?? 100, asOf: 0 } as const;
  return { verdicts, measurements, rate };
}

function measuredBy(
  { measure }: Pick<Scenario, "measure">,
  { metric }: Extract<Observation, { kind: "measurement" }>,
  now: number,
): Sample | null {
  return measure === undefined ? { kind: "value", value: 0 } : measure(metric, now);
}
