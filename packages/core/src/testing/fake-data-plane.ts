import type { CountsView } from "../model/metric.ts";
import type { RouteView } from "../model/observed.ts";
import { type RouteRule, type RouteTable, routedRevisions } from "../model/route.ts";
import { addTraffic, noTraffic, type TrafficTotals, type TrafficView } from "../model/traffic.ts";

/** Requests each second that the fake clients send. */
const requestsPerSecond = 100;

const nothing: RouteTable = { generation: 0, rule: { kind: "byReplica", revisions: [] } };

/** The route part of the fake engine: a table is accepted at once and in force a while later. */
export class FakeDataPlane {
  readonly #routeMs: number;
  readonly #requests = new Map<number, number>();
  #accepted: RouteTable = nothing;
  #inForce: RouteTable = nothing;
  #ackAt = Number.POSITIVE_INFINITY;
  #held = false;
  #epoch = 1;
  /** What is not answered, and what an epoch that ended had answered is taken off. */
  #others: TrafficTotals = noTraffic;
  #answeredBefore = 0;

  constructor(routeMs: number) {
    this.#routeMs = routeMs;
  }

  get accepted(): RouteTable {
    return this.#accepted;
  }

  get inForce(): RouteTable {
    return this.#inForce;
  }

  /** When the accepted table comes into force; Infinity when it is, or while it is held. */
  get ackAt(): number {
    return this.#held ? Number.POSITIVE_INFINITY : this.#ackAt;
  }

  /** Whether a part of it acknowledges nothing. */
  get held(): boolean {
    return this.#held;
  }

  /** One part acknowledges nothing until `letGo`: no table, no replica that comes or goes. */
  hold(): void {
    this.#held = true;
  }

  /** A table that was held comes into force `routeMs` from now. */
  letGo(now: number): void {
    this.#held = false;
    if (this.#ackAt !== Number.POSITIVE_INFINITY) this.#ackAt = now + this.#routeMs;
  }

  /** Accepts a newer table; false when it is not newer. */
  accept(table: RouteTable, now: number): boolean {
    if (table.generation <= this.#accepted.generation) return false;
    this.#accepted = table;
    this.#ackAt = now + this.#routeMs;
    return true;
  }

  acknowledge(now: number): void {
    if (now < this.ackAt) return;
    this.#inForce = this.#accepted;
    this.#ackAt = Number.POSITIVE_INFINITY;
  }

  /** Counts the requests of a stretch of time for the revisions that have ready replicas. */
  serve(ms: number, ready: ReadonlySet<number>): void {
    for (const revision of routedRevisions(this.#inForce.rule)) {
      if (!ready.has(revision)) continue;
      const answered = (ms / 1000) * requestsPerSecond * shareOf(this.#inForce.rule, revision);
      this.#requests.set(revision, (this.#requests.get(revision) ?? 0) + answered);
    }
  }

  requests(): Readonly<Record<number, number>> {
    const counts = [...this.#requests].map(([revision, n]) => [revision, Math.floor(n)] as const);
    return Object.fromEntries(counts);
  }

  /** How each revision has answered: well, and at once. */
  counts(): CountsView {
    const revisions = Object.entries(this.requests()).map(
      ([n, requests]) => [Number(n), { requests, errors: 0, latency: [] }] as const,
    );
    return { epoch: "1", revisions: Object.fromEntries(revisions) };
  }

  /** What became of all requests, since the count was last started anew. */
  traffic(): TrafficView {
    const answered = this.#answered() - this.#answeredBefore;
    return {
      epoch: String(this.#epoch),
      totals: addTraffic(this.#others, { ...noTraffic, answered }),
    };
  }

  /** Requests come to another end than an answer. */
  lose(totals: Partial<TrafficTotals>): void {
    this.#others = addTraffic(this.#others, { ...noTraffic, ...totals });
  }

  /** The count starts anew, as when a proxy is replaced. */
  countAnew(): void {
    this.#epoch += 1;
    this.#others = noTraffic;
    this.#answeredBefore = this.#answered();
  }

  #answered(): number {
    return Object.values(this.requests()).reduce((sum, n) => sum + n, 0);
  }

  view(): RouteView {
    const { generation } = this.#inForce;
    const lags = generation < this.#accepted.generation;
    return {
      accepted: this.#accepted.generation,
      inForce: generation,
      lagging: lags ? [`worker 1 at generation ${generation}`] : [],
    };
  }
}

function shareOf(rule: RouteRule, revision: number): number {
  if (rule.kind !== "byWeight") return 1 / routedRevisions(rule).length;
  return (rule.weights.find((w) => w.revision === revision)?.weight ?? 0) / 100;
}
