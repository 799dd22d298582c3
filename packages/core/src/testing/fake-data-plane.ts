import type { CountsView } from "../model/metric.ts";
import type { RouteView } from "../model/observed.ts";
import { type RouteRule, type RouteTable, routedRevisions } from "../model/route.ts";
import { addTraffic, noTraffic, type TrafficTotals, type TrafficView } from "../model/traffic.ts";
import { FakeCounts, type Fare } from "./fake-counts.ts";

/** Requests each second that the fake clients send. */
const requestsPerSecond = 100;

const nothing: RouteTable = { generation: 0, rule: { kind: "byReplica", revisions: [] } };

/** The route part of the fake engine: a table is accepted at once and in force a while later. */
export class FakeDataPlane {
  readonly #routeMs: number;
  readonly #requests = new Map<number, number>();
  readonly #counts = new FakeCounts();
  /** Who holds a port that is not ours, in words. */
  readonly #takenPorts = new Map<number, string>();
  /** The last table of which everything was in force. */
  #complete: RouteTable = nothing;
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
    this.#openPreview();
  }

  /** Somebody else listens on that port: no preview can. */
  takePort(port: number, by: string): void {
    this.#takenPorts.set(port, by);
  }

  freePort(port: number): void {
    this.#takenPorts.delete(port);
    this.#openPreview();
  }

  /** The revision that answers at that port and not to the rule; null when nobody does. */
  previewedAt(port: number): number | null {
    const { preview } = this.#complete;
    return preview?.port === port ? preview.revision : null;
  }

  /** Who holds the port of the preview in the table in force; null when it is ours, or there is none. */
  get #previewHeldBy(): string | null {
    const { preview } = this.#inForce;
    const isOpen = preview === undefined || preview.port === this.#complete.preview?.port;
    return isOpen ? null : (this.#takenPorts.get(preview.port) ?? null);
  }

  #openPreview(): void {
    if (this.#previewHeldBy === null) this.#complete = this.#inForce;
    else this.#complete = withoutPreview(this.#complete);
  }

  /** Counts the requests of a stretch of time for the revisions that have ready replicas, and how they fare. */
  serve(ms: number, ready: ReadonlySet<number>, fareOf: (revision: number) => Fare): void {
    for (const revision of routedRevisions(this.#inForce.rule)) {
      if (!ready.has(revision)) continue;
      const answered = (ms / 1000) * requestsPerSecond * shareOf(this.#inForce.rule, revision);
      this.#requests.set(revision, (this.#requests.get(revision) ?? 0) + answered);
      if (answered > 0) this.#counts.add(revision, answered, fareOf(revision));
    }
  }

  requests(): Readonly<Record<number, number>> {
    const counts = [...this.#requests].map(([revision, n]) => [revision, Math.floor(n)] as const);
    return Object.fromEntries(counts);
  }

  counts(): CountsView {
    return this.#counts.view(String(this.#epoch));
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
    this.#counts.beginAnew();
  }

  #answered(): number {
    return Object.values(this.requests()).reduce((sum, n) => sum + n, 0);
  }

  view(): RouteView {
    const { generation } = this.#inForce;
    const lags = generation < this.#accepted.generation;
    const holder = this.#previewHeldBy;
    return {
      accepted: this.#accepted.generation,
      inForce: generation,
      lagging: [
        ...(lags ? [`worker 1 at generation ${generation}`] : []),
        ...(holder === null
          ? []
          : [`preview: port ${this.#inForce.preview?.port} is held by ${holder}`]),
      ],
    };
  }
}

function withoutPreview({ generation, rule }: RouteTable): RouteTable {
  return { generation, rule };
}

function shareOf(rule: RouteRule, revision: number): number {
  if (rule.kind !== "byWeight") return 1 / routedRevisions(rule).length;
  return (rule.weights.find((w) => w.revision === revision)?.weight ?? 0) / 100;
}
