import {
  type App,
  account,
  courseOf,
  type Engine,
  type EngineView,
  type Failure,
  type Intent,
  type MeantFor,
  newestRelease,
  type Release,
  type ReleaseRecord,
  type ReleaseStore,
  type ReplicaView,
  type RouteRule,
  type TrafficTotals,
  type Why,
} from "@hitless/core";
import type { Controller } from "../loop/controller.ts";
import { isHeldByFailure } from "../loop/held-by-failure.ts";
import type { RevisionTraffic } from "../loop/side-traffic.ts";
import {
  analysisOf,
  type HoldStatus,
  holdsOf,
  type MetricStatus,
  type Remaining,
  remainingOf,
} from "./hold-status.ts";

/** The release under way, for people and machines. */
export interface ReleaseStatus {
  readonly id: number;
  readonly kind: Release["kind"];
  readonly cause: string;
  readonly from: number | null;
  readonly to: number;
  readonly direction: Release["direction"];
  readonly reason: Failure | null;
  readonly paused: Release["paused"];
  /** Waypoints of the present direction by name, and which one it is at. */
  readonly waypoints: readonly string[];
  readonly cursor: number;
  readonly startedAt: number;
  /** It is on its way back and even that makes no progress: nothing more can be tried. */
  readonly overdue: boolean;
  readonly intents: readonly Intent[];
  /** What the present waypoint holds for, and how far that is. */
  readonly holds: readonly HoldStatus[];
  /** What the metrics of the present waypoint say so far, by name. */
  readonly analysis: Readonly<Record<string, MetricStatus>>;
  readonly remaining: Remaining;
  /** Something failed that was declared to hold it: it goes on when a person says so. Absent: an older controller. */
  readonly heldByFailure?: boolean;
  /** Port of the canary's own address on 127.0.0.1. Absent: it has none there. */
  readonly preview?: number;
  /** What became of the requests since it began; null while the engine does not say. */
  readonly traffic: TrafficTotals | null;
}

/** What `hitless status --json` prints. Times are milliseconds since the epoch. */
export interface StatusReport {
  readonly app: string;
  readonly controller: { readonly pid: number };
  readonly stable: number | null;
  readonly desired: App["desired"];
  readonly overrides: Readonly<Record<string, string>>;
  readonly maintenance: App["maintenance"];
  readonly frozen: App["frozen"];
  readonly replicas: readonly ReplicaView[];
  /** What each revision gets since the release reached its waypoint, or since the last one ended. */
  readonly revisions: readonly RevisionTraffic[];
  /** Why the replicas cannot be listed; null when they are. */
  readonly unreadable: string | null;
  readonly route: {
    readonly generation: number;
    readonly inForce: number | null;
    readonly rule: RouteRule;
  };
  readonly release: ReleaseStatus | null;
  readonly pending: App["pending"];
  /** Revisions that are kept after their release, those whose replicas run on (`warm`) among them. Absent: an older controller. */
  readonly kept?: App["kept"];
  /** The newest release as it stands: what is said now is meant for that one. */
  readonly newest: MeantFor;
  readonly why: Why;
  /** Since when `why` is of this kind. */
  readonly whySince: number;
  /** The newest row of `history`. */
  readonly lastRelease: ReleaseRecord | null;
  readonly endpoint: { readonly host: string; readonly port: number };
  /** Whatever the engine adds of its own: the proxy's processes and counters on one machine. */
  readonly engine: unknown;
  /** Grows with every change; `GET /status?after=N` waits for a newer one. */
  readonly version: number;
}

/** Where the status comes from. */
export interface StatusSource {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly store: ReleaseStore;
  /** Details that only the engine at hand has. */
  engineDetails(): Promise<unknown>;
}

/** Gathers the report. Never throws for a part that cannot be read. */
export async function statusOf(source: StatusSource): Promise<StatusReport> {
  const { controller, engine, store } = source;
  const version = controller.version;
  // Before the app: a release that ends meanwhile is said to run, and its end is news.
  const history = await store.history();
  const app = controller.current;
  const view = await engine.observe(app, [{ kind: "engine" }], AbortSignal.timeout(5000));
  controller.traffic.look(app, view, performance.now());
  return {
    app: app.name,
    controller: { pid: process.pid },
    stable: app.stable,
    desired: app.desired,
    overrides: app.overrides,
    maintenance: app.maintenance,
    frozen: app.frozen,
    replicas: view.replicas.kind === "known" ? view.replicas.value : [],
    revisions: controller.traffic.revisions,
    unreadable: view.replicas.kind === "known" ? null : view.replicas.reason,
    route: {
      generation: app.route.generation,
      inForce: view.route.kind === "known" ? view.route.value.inForce : null,
      rule: app.route.rule,
    },
    release: releaseStatus(account(app, view), controller.why, view.requests),
    pending: app.pending,
    kept: app.kept,
    newest: newestRelease(app, history),
    why: controller.why,
    whySince: controller.whySince,
    lastRelease: history.at(-1) ?? null,
    endpoint: { host: app.settings.host, port: app.settings.port },
    engine: await source.engineDetails(),
    version,
  };
}

function releaseStatus(app: App, why: Why, requests: EngineView["requests"]): ReleaseStatus | null {
  const { release } = app;
  if (release === null) return null;
  const now = Date.now();
  const answered = requests.kind === "known" ? (requests.value[release.to] ?? 0) : null;
  const seen = { now, requests: answered };
  const preview = courseOf(release)[release.cursor]?.preview;
  const { id, kind, cause, from, to, direction, reason, paused, cursor, startedAt, intents } =
    release;
  return {
    id,
    kind,
    cause,
    from,
    to,
    direction,
    reason,
    paused,
    waypoints: courseOf(release).map((w) => w.id),
    cursor,
    startedAt,
    overdue: isOverdue(release, why, now),
    intents,
    holds: holdsOf(release, seen),
    analysis: analysisOf(release),
    remaining: remainingOf(release, seen),
    heldByFailure: isHeldByFailure(app, release, why),
    ...(preview === undefined ? {} : { preview }),
    traffic: release.traffic?.counted ?? null,
  };
}

/** What leaves, and what hooks do when all is back, has limits of its own: no standstill. */
export function isOverdue(
  { direction, progress }: Pick<Release, "direction" | "progress">,
  why: Why,
  now: number,
): boolean {
  const limited = why.kind === "stopping" || why.kind === "hookRunning";
  return direction === "back" && !limited && now > progress.deadlineAt;
}
