import type { Loss } from "./cause.ts";
import type { Connection, Outcome } from "./connection.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Identity } from "./identity.ts";
import { judgeAnswer } from "./judge-answer.ts";
import { type LoadOptions, type LoadSettings, settingsOf } from "./load-options.ts";
import type { LoadReport } from "./load-report.ts";
import { PhaseTally } from "./phase-tally.ts";
import { type PlannedRequest, RequestSource } from "./request-source.ts";
import { seededRandom } from "./seeded-random.ts";

/** A load under way. */
export interface LoadSession extends AsyncDisposable {
  /** From now on requests count (by scheduled time) to this phase; a name used before is resumed. */
  phase(name: string): void;
  /** The counts as they are now. */
  snapshot(): LoadReport;
  /**
   * Schedules no more, waits for the answers still owed (at most `lateAfterMs`), closes every
   * connection. A second call gets the same report.
   */
  stop(): Promise<LoadReport>;
}

/**
 * Starts an open-loop load: requests go out at fixed times, however slowly answers come, and never
 * a second time. Throws `BAD_INPUT` for options that make no sense; whatever happens to a request
 * afterwards is a count in the report, never an error.
 */
export function startLoad(options: LoadOptions): LoadSession {
  return new OpenLoop(settingsOf(options));
}

interface Exchange {
  readonly request: PlannedRequest;
  readonly scheduledAt: number;
  readonly tally: PhaseTally;
  readonly connection: Connection;
}

/** How often overdue answers are looked for, at most, in milliseconds. */
const sweepEveryMs = 20;

class OpenLoop implements LoadSession {
  readonly #settings: LoadSettings;
  readonly #source: RequestSource;
  readonly #pool: ConnectionPool;
  readonly #startedAt = performance.now();
  readonly #total = new PhaseTally("total");
  readonly #phases = new Map<string, PhaseTally>();
  /** In the order of their scheduled times: the first is the first to be late. */
  readonly #outstanding = new Set<Exchange>();
  #phase: PhaseTally;
  #phaseSince = this.#startedAt;
  #scheduled = 0;
  #sweptAt = this.#startedAt;
  #timer: NodeJS.Timeout;
  #state: "running" | "stopping" | "stopped" = "running";
  #stopped: Promise<LoadReport> | null = null;
  #settled: () => void = () => {};

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#source = new RequestSource(settings);
    const host = settings.url.hostname.replace(/^\[|\]$/g, "");
    this.#pool = new ConnectionPool(() => ({ host, port: settings.nextPort() }), {
      ...settings,
      random: seededRandom(settings.seed + 1),
    });
    this.#phase = this.#tallyOf(settings.firstPhase);
    this.#timer = setTimeout(() => this.#tick(), 0);
  }

  phase(name: string): void {
    if (this.#state !== "running") return;
    const now = performance.now();
    // What was due before the change belongs to the phase that ends, even if we are behind.
    this.#dispatchDue(now);
    this.#endPhase(now);
    this.#phase = this.#tallyOf(name);
  }

  snapshot(): LoadReport {
    const runningMs = this.#state === "running" ? performance.now() - this.#phaseSince : 0;
    const phases = [...this.#phases.values()]
      .map((tally) => tally.report(tally === this.#phase ? runningMs : 0))
      .filter((phase) => phase.sent > 0);
    return { phases, total: this.#total.report(runningMs) };
  }

  stop(): Promise<LoadReport> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #drain(): Promise<LoadReport> {
    const now = performance.now();
    this.#dispatchDue(now);
    this.#endPhase(now);
    this.#state = "stopping";
    if (this.#outstanding.size > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    clearTimeout(this.#timer);
    this.#pool.close();
    this.#state = "stopped";
    return this.snapshot();
  }

  #tallyOf(name: string): PhaseTally {
    const tally = this.#phases.get(name) ?? new PhaseTally(name);
    this.#phases.set(name, tally);
    return tally;
  }

  #endPhase(now: number): void {
    this.#phase.lasted(now - this.#phaseSince);
    this.#total.lasted(now - this.#phaseSince);
    this.#phaseSince = now;
  }

  #tick(): void {
    const now = performance.now();
    if (this.#state === "running") this.#dispatchDue(now);
    if (now - this.#sweptAt >= sweepEveryMs) this.#sweep(now);
    const nextDueMs = this.#state === "running" ? this.#dueAt() - performance.now() : sweepEveryMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.min(nextDueMs, sweepEveryMs)));
  }

  /** Computed from the start, so that a late timer delays a request but never drops one. */
  #dueAt(): number {
    return this.#startedAt + (this.#scheduled * 1000) / this.#settings.rate;
  }

  #dispatchDue(now: number): void {
    for (let dueAt = this.#dueAt(); dueAt <= now; dueAt = this.#dueAt()) {
      this.#scheduled += 1;
      this.#dispatch(this.#source.next(), dueAt, now);
    }
  }

  #dispatch(request: PlannedRequest, scheduledAt: number, now: number): void {
    const tally = this.#phase;
    tally.sent(request.kind, now - scheduledAt);
    this.#total.sent(request.kind, now - scheduledAt);
    const connection = request.reuses ? this.#pool.reused(now) : this.#pool.fresh();
    if (connection === null) {
      const detail = `all ${this.#settings.maxConnections} connections of the client are busy`;
      this.#lose({ request, scheduledAt, tally }, { cause: "no-connection", detail });
      return;
    }
    const exchange = { request, scheduledAt, tally, connection };
    this.#outstanding.add(exchange);
    connection.send(request.bytes, (outcome) => this.#settle(exchange, outcome));
  }

  #settle(exchange: Exchange, outcome: Outcome): void {
    const now = performance.now();
    const latencyMs = now - exchange.scheduledAt;
    if (outcome.kind === "loss") this.#lose(exchange, outcome.loss);
    else if (latencyMs > this.#settings.lateAfterMs)
      this.#lose(exchange, this.#lateBy("answered", latencyMs));
    else {
      const judgement = judgeAnswer(exchange.request, outcome.answer, this.#settings.expect);
      if (judgement.kind === "lost") this.#lose(exchange, judgement.loss, judgement.identity);
      else this.#count(exchange, latencyMs, judgement.identity);
    }
    if (exchange.request.reuses) this.#pool.release(exchange.connection, now);
    else exchange.connection.destroy();
    this.#finish(exchange);
  }

  #count(exchange: Exchange, latencyMs: number, identity: Identity | null): void {
    for (const tally of [exchange.tally, this.#total]) {
      tally.answered(exchange.request.kind, latencyMs);
      if (identity !== null) tally.answeredBy(identity);
    }
  }

  #lose(exchange: Omit<Exchange, "connection">, loss: Loss, by: Identity | null = null): void {
    const request = { kind: exchange.request.kind, atMs: exchange.scheduledAt - this.#startedAt };
    exchange.tally.lost(request, loss, by);
    this.#total.lost(request, loss, by);
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const exchange of this.#outstanding) {
      const waitedMs = now - exchange.scheduledAt;
      if (waitedMs <= this.#settings.lateAfterMs) return;
      this.#lose(
        exchange,
        this.#lateBy(exchange.connection.answerBegan ? "half an answer" : "no answer", waitedMs),
      );
      exchange.connection.destroy();
      this.#finish(exchange);
    }
  }

  #lateBy(what: string, waitedMs: number): Loss {
    return { cause: "late", detail: `${what} after ${Math.round(waitedMs)} ms` };
  }

  #finish(exchange: Exchange): void {
    this.#outstanding.delete(exchange);
    if (this.#state === "stopping" && this.#outstanding.size === 0) this.#settled();
  }
}
