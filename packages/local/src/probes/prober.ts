import type { Probe, ProbeAnswer, ProbeCheck, Probes } from "@hitless/core";
import type { PortOwner } from "../processes/listeners.ts";
import { Pace } from "./pace.ts";
import type { ProbeLimits, ProbeResult } from "./probe-result.ts";

/** What the answers of a replica's probes amount to, once a threshold is crossed. */
export type ProbeTransition =
  /** The startup probe passed, or there is none. At most once. */
  | { readonly kind: "started" }
  | { readonly kind: "ready" }
  | { readonly kind: "unready"; readonly evidence: string }
  /** The last transition: nothing is probed after it. */
  | { readonly kind: "startup-failed"; readonly evidence: string }
  /** The last transition of liveness; readiness is probed on. */
  | { readonly kind: "live-failed"; readonly evidence: string }
  /** Another process listens on the replica's port. */
  | { readonly kind: "stranger"; readonly evidence: string };

export interface ProberOptions {
  readonly probes: Probes;
  /** The replica's own port, on which answers are only believed from its own processes. */
  readonly port: number;
  /** The startup probe passed before, under an earlier controller. */
  readonly started: boolean;
  /** It was ready under an earlier controller, and stays so until its failures cross the threshold. */
  readonly ready: boolean;
  /** How long the process has been running, for `initialDelaySeconds`. */
  readonly runningMs: number;
  readonly ask: (check: ProbeCheck, limits: ProbeLimits) => Promise<ProbeResult>;
  readonly owner: () => PortOwner;
  readonly onTransition: (transition: ProbeTransition) => void;
  readonly onAnswer: (answer: ProbeAnswer) => void;
}

/** Until the first success a probe asks this often, if its period is not shorter still. */
const eagerPeriodMs = 200;
/** And so often at the beginning, when an app that starts quickly is about to be there: a command costs too much. */
const firstPeriodMs = 50;
const beginningMs = 1000;

/**
 * Runs the probes of one replica as a kubelet does (core/v1 `Probe`): startup first, then liveness
 * and readiness side by side; thresholds count consecutive answers. It differs in one thing: until
 * the first success startup and readiness are asked every 50 ms for a second, then every 200 ms, and
 * their failures are counted in time (`failureThreshold × periodSeconds`), so that a quick start is
 * seen at once and a slow one is given what it was given before.
 */
export class Prober {
  readonly #options: ProberOptions;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Probes until called off. Resolves, and reports nothing more, once it was. */
  async run(signal: AbortSignal): Promise<void> {
    const { startup, liveness, readiness } = this.#options.probes;
    if (startup !== null && !this.#options.started) {
      if (!(await this.#untilStarted(startup, signal))) return;
    }
    if (signal.aborted) return;
    this.#options.onTransition({ kind: "started" });
    await Promise.all([
      liveness === null ? undefined : this.#watchLiveness(liveness, signal),
      this.#watchReadiness(readiness, signal),
    ]);
  }

  async #untilStarted(probe: Probe, signal: AbortSignal): Promise<boolean> {
    const count = new Count(probe, this.#pace(probe));
    while (await count.pace.beat(signal)) {
      const result = await this.#ask("startup", probe, { signal, believed: false });
      if (signal.aborted) return false;
      count.add(result.ok);
      if (count.successes >= probe.successThreshold) return true;
      if (count.isBudgetSpent()) {
        this.#options.onTransition({ kind: "startup-failed", evidence: result.evidence });
        return false;
      }
      count.pace.advance(count.eagerPeriodMs());
    }
    return false;
  }

  async #watchLiveness(probe: Probe, signal: AbortSignal): Promise<void> {
    const count = new Count(probe, this.#pace(probe));
    while (await count.pace.beat(signal)) {
      const result = await this.#ask("liveness", probe, { signal, believed: true });
      if (signal.aborted) return;
      count.add(result.ok);
      if (count.failures >= probe.failureThreshold) {
        this.#options.onTransition({ kind: "live-failed", evidence: result.evidence });
        return;
      }
      count.pace.advance(probe.periodSeconds * 1000);
    }
  }

  async #watchReadiness(probe: Probe, signal: AbortSignal): Promise<void> {
    const count = new Count(probe, this.#pace(probe));
    let verdict: "none" | "ready" | "unready" = this.#options.ready ? "ready" : "none";
    let proven = false;
    while (await count.pace.beat(signal)) {
      const believed = verdict === "ready" && proven;
      const result = await this.#ask("readiness", probe, { signal, believed });
      if (signal.aborted) return;
      count.add(result.ok);
      proven ||= result.ok;
      if (verdict !== "ready" && count.successes >= probe.successThreshold) {
        verdict = "ready";
        this.#options.onTransition({ kind: "ready" });
      } else if (verdict !== "unready" && count.isBudgetSpent()) {
        verdict = "unready";
        this.#options.onTransition({ kind: "unready", evidence: result.evidence });
      }
      count.pace.advance(count.eagerPeriodMs());
    }
  }

  #pace(probe: Probe): Pace {
    return new Pace(probe.initialDelaySeconds * 1000 - this.#options.runningMs);
  }

  async #ask(
    name: ProbeAnswer["probe"],
    probe: Probe,
    { signal, believed }: { readonly signal: AbortSignal; readonly believed: boolean },
  ): Promise<ProbeResult> {
    const timeoutMs = probe.timeoutSeconds * 1000;
    const said = await this.#options.ask(probe.check, { timeoutMs, signal });
    if (signal.aborted) return said;
    const result = believed ? said : this.#verified(probe.check, said);
    this.#options.onAnswer({ probe: name, ...result, at: Date.now() });
    return result;
  }

  /** An answer from the replica's port proves nothing about it when somebody else gave it. */
  #verified(check: ProbeCheck, said: ProbeResult): ProbeResult {
    const { port, owner, onTransition } = this.#options;
    if (check.kind === "exec" || (check.port !== null && check.port !== port)) return said;
    const holder = owner();
    if (holder.kind === "ours") return said;
    if (holder.kind === "nobody") {
      return said.ok ? { ok: false, evidence: `${said.evidence}, then port ${port} closed` } : said;
    }
    const evidence = heldByStranger(port, holder.pid);
    onTransition({ kind: "stranger", evidence });
    return { ok: false, evidence };
  }
}

/** The sentence for a replica's port that another process holds. */
export function heldByStranger(port: number, pid: number | null): string {
  const who = pid === null ? "a process of another user" : `process ${pid}`;
  return `port ${port} is held by ${who}, which is not this replica`;
}

/** Consecutive answers of one probe. */
class Count {
  successes = 0;
  failures = 0;
  readonly pace: Pace;
  readonly #probe: Probe;
  #firstAt: number | null = null;
  #everPassed = false;

  constructor(probe: Probe, pace: Pace) {
    this.#probe = probe;
    this.pace = pace;
  }

  add(ok: boolean): void {
    this.#firstAt ??= performance.now();
    this.#everPassed ||= ok;
    this.successes = ok ? this.successes + 1 : 0;
    this.failures = ok ? 0 : this.failures + 1;
  }

  /** Whether it failed too often; before the first success, too long. */
  isBudgetSpent(): boolean {
    if (this.failures === 0) return false;
    if (this.#everPassed) return this.failures >= this.#probe.failureThreshold;
    const budgetMs = this.#probe.failureThreshold * this.#probe.periodSeconds * 1000;
    return performance.now() - (this.#firstAt ?? 0) >= budgetMs;
  }

  eagerPeriodMs(): number {
    const periodMs = this.#probe.periodSeconds * 1000;
    if (this.#everPassed) return periodMs;
    const isNew = performance.now() - (this.#firstAt ?? 0) < beginningMs;
    const isCheap = this.#probe.check.kind !== "exec";
    return Math.min(periodMs, isNew && isCheap ? firstPeriodMs : eagerPeriodMs);
  }
}
