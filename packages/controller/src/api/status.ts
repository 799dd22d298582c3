import {
  type App,
  account,
  courseOf,
  type Engine,
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
  readonly replicas: readonly ReplicaView[];
  /** Why the replicas cannot be listed; null when they are. */
  readonly unreadable: string | null;
  readonly route: {
    readonly generation: number;
    readonly inForce: number | null;
    readonly rule: RouteRule;
  };
  readonly release: ReleaseStatus | null;
  readonly pending: App["pending"];
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
  return {
    app: app.name,
    controller: { pid: process.pid },
    stable: app.stable,
    desired: app.desired,
    overrides: app.overrides,
    maintenance: app.maintenance,
    replicas: view.replicas.kind === "known" ? view.replicas.value : [],
    unreadable: view.replicas.kind === "known" ? null : view.replicas.reason,
    route: {
      generation: app.route.generation,
      inForce: view.route.kind === "known" ? view.route.value.inForce : null,
      rule: app.route.rule,
    },
    release: releaseStatus(account(app, view).release, controller.why),
    pending: app.pending,
    newest: newestRelease(app, history),
    why: controller.why,
    whySince: controller.whySince,
    lastRelease: history.at(-1) ?? null,
    endpoint: { host: app.settings.host, port: app.settings.port },
    engine: await source.engineDetails(),
    version,
  };
}

function releaseStatus(release: Release | null, why: Why): ReleaseStatus | null {
  if (release === null) return null;
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
    overdue: isOverdue(release, why, Date.now()),
    intents,
    traffic: release.traffic?.counted ?? null,
  };
}

/** What leaves has limits of its own: waiting for it is no standstill. */
export function isOverdue(
  { direction, progress }: Pick<Release, "direction" | "progress">,
  why: Why,
  now: number,
): boolean {
  return direction === "back" && why.kind !== "stopping" && now > progress.deadlineAt;
}
