import type { Cause, Loss } from "./cause.ts";
import type { Identity } from "./identity.ts";
import { type Kind, perKind } from "./kind.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { KindReport, LossExample, PhaseReport } from "./load-report.ts";

const maxExamples = 10;
/** Distinct versions, pids or config values that are told apart; the rest counts as `…`. */
const maxDistinct = 500;

/** A request as the tally sees it: its kind, and its scheduled time since the load started. */
export interface Scheduled {
  readonly kind: Kind;
  readonly atMs: number;
}

/** Counts one phase, in bounded memory. */
export class PhaseTally {
  readonly name: string;
  readonly #kinds = perKind(() => ({
    sent: 0,
    answered: 0,
    lost: 0,
    latency: new LatencyHistogram(),
  }));
  readonly #lostByCause = zeroPerCause();
  readonly #lostByAnswer = new Map<string, number>();
  readonly #lostBy = new Map<string, number>();
  #resetOnReused = 0;
  readonly #examples: LossExample[] = [];
  readonly #answersBy = new Map<string, Map<string, number>>();
  readonly #configValues = new Map<string, number>();
  #clientLagMs = 0;
  #activeMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A request was due and, `lagMs` after its time, handed to a connection. */
  sent(kind: Kind, lagMs: number): void {
    this.#kinds[kind].sent += 1;
    this.#clientLagMs = Math.max(this.#clientLagMs, lagMs);
  }

  answered(kind: Kind, latencyMs: number): void {
    this.#kinds[kind].answered += 1;
    this.#kinds[kind].latency.record(latencyMs);
  }

  answeredBy(identity: Identity): void {
    const name = nameOf(identity);
    const key = this.#answersBy.size < maxDistinct || this.#answersBy.has(name) ? name : "…";
    const pids = this.#answersBy.get(key) ?? new Map<string, number>();
    this.#answersBy.set(key, pids);
    increment(pids, identity.pid);
    for (const entry of identity.config) increment(this.#configValues, entry);
  }

  /** `by`: who gave the wrong answer, by its own body; null: nobody said. */
  lost(request: Scheduled, loss: Loss, by: Identity | null = null): void {
    this.#kinds[request.kind].lost += 1;
    this.#lostByCause[loss.cause] += 1;
    const answered = loss.cause === "status-4xx" || loss.cause === "status-5xx";
    if (answered) increment(this.#lostByAnswer, loss.detail);
    const reset = loss.cause === "reset" || loss.cause === "closed-early";
    if (reset && loss.onReused === true) this.#resetOnReused += 1;
    if (by !== null) increment(this.#lostBy, nameOf(by));
    if (this.#examples.length < maxExamples) {
      const { cause, detail } = loss;
      this.#examples.push({ cause, detail, kind: request.kind, atMs: Math.round(request.atMs) });
    }
  }

  /** The phase lasted `ms` longer. */
  lasted(ms: number): void {
    this.#activeMs += ms;
  }

  /** `runningMs`: how long it has been running since `lasted` was last told. */
  report(runningMs: number): PhaseReport {
    const all = Object.values(this.#kinds);
    const sent = sum(all.map((kind) => kind.sent));
    const answered = sum(all.map((kind) => kind.answered));
    const lost = sum(all.map((kind) => kind.lost));
    return {
      name: this.name,
      seconds: Math.round(this.#activeMs + runningMs) / 1000,
      sent,
      answered,
      lost,
      outstanding: sent - answered - lost,
      lostByCause: { ...this.#lostByCause },
      lostByAnswer: Object.fromEntries(this.#lostByAnswer),
      resetOnReused: this.#resetOnReused,
      lostBy: Object.fromEntries(this.#lostBy),
      examples: [...this.#examples],
      latencyMs: this.#latencyBesideSlow().summary(),
      clientLagMs: Math.round(this.#clientLagMs * 100) / 100,
      answersBy: Object.fromEntries(
        [...this.#answersBy].map(([name, pids]) => [name, Object.fromEntries(pids)]),
      ),
      configValues: Object.fromEntries(this.#configValues),
      kinds: perKind((kind) => this.#kindReport(kind)),
    };
  }

  #kindReport(kind: Kind): KindReport {
    const { sent, lost, latency } = this.#kinds[kind];
    return { sent, lost, latencyMs: latency.summary() };
  }

  #latencyBesideSlow(): LatencyHistogram {
    const merged = new LatencyHistogram();
    merged.add(this.#kinds.fresh.latency);
    merged.add(this.#kinds.keepalive.latency);
    merged.add(this.#kinds.post.latency);
    return merged;
  }
}

function nameOf({ version, revision }: Identity): string {
  return revision === null ? version : `${version}@${revision}`;
}

function increment(counts: Map<string, number>, key: string): void {
  const known = counts.size < maxDistinct || counts.has(key) ? key : "…";
  counts.set(known, (counts.get(known) ?? 0) + 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function zeroPerCause(): Record<Cause, number> {
  const zero: Record<Cause, number> = {
    refused: 0,
    reset: 0,
    "closed-early": 0,
    truncated: 0,
    "status-4xx": 0,
    "status-5xx": 0,
    "wrong-body": 0,
    late: 0,
    "no-connection": 0,
    other: 0,
  };
  return zero;
}
