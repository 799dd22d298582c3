import { type ReplicaState, type RouteRule, routedRevisions } from "@hitless/core";
import { type Family, gauge } from "./family.ts";
import type { Seen } from "./seen.ts";

const states: readonly ReplicaState[] = ["starting", "ready", "draining", "failed"];

/** The app, its replicas and its route. What cannot be read has no series. */
export function appFamilies(seen: Seen, revisions: readonly number[]): readonly Family[] {
  const { app, view, version, startedAt } = seen;
  return [
    gauge(
      "hitless_up",
      "1: the controller can read its replicas, the route and the counts; 0: not all of them.",
      isSeen(view) ? 1 : 0,
    ),
    {
      name: "hitless_app_info",
      type: "gauge",
      help: "The revision that serves and its version, as labels.",
      samples: [{ labels: { stable: app.stable ?? "", version: version ?? "" }, value: 1 }],
    },
    gauge(
      "hitless_controller_start_time_seconds",
      "When the controller started, seconds since the epoch.",
      startedAt / 1000,
    ),
    gauge(
      "hitless_maintenance",
      "1: maintenance is on, and clients are answered 503.",
      app.maintenance === null ? 0 : 1,
    ),
    ...replicaFamilies(seen, revisions),
    ...routeFamilies(seen),
  ];
}

function isSeen({ replicas, route, counts, traffic }: Seen["view"]): boolean {
  return [replicas, route, counts, traffic].every((part) => part.kind === "known");
}

function replicaFamilies({ app, view }: Seen, revisions: readonly number[]): readonly Family[] {
  const desired = gauge(
    "hitless_replicas_desired",
    "How many replicas the app should have.",
    app.desired.replicas,
  );
  if (view.replicas.kind === "unknown") return [desired];
  const replicas = view.replicas.value;
  const count = (revision: number, state: ReplicaState) =>
    replicas.filter((r) => r.revision === revision && r.state === state).length;
  const routed = routedRevisions(app.route.rule);
  return [
    desired,
    gauge(
      "hitless_replicas_serving",
      "Ready replicas of the revisions that the route gives requests to.",
      routed.reduce((sum, revision) => sum + count(revision, "ready"), 0),
    ),
    {
      name: "hitless_replicas",
      type: "gauge",
      help: "Replicas by revision and state.",
      samples: revisions.flatMap((revision) =>
        states.map((state) => ({ labels: { revision, state }, value: count(revision, state) })),
      ),
    },
  ];
}

function routeFamilies({ app, view }: Seen): readonly Family[] {
  const families: Family[] = [
    {
      name: "hitless_route_share",
      type: "gauge",
      help: "Share of the requests that the route gives a revision, 0 to 1; none where it depends on the request.",
      samples: sharesOf(app.route.rule, view.replicas).map(([revision, value]) => ({
        labels: { revision },
        value,
      })),
    },
    gauge(
      "hitless_route_generation",
      "Generation of the route that is wanted.",
      app.route.generation,
    ),
  ];
  if (view.route.kind === "unknown") return families;
  const inForce = gauge(
    "hitless_route_generation_in_force",
    "Generation of the route that every proxy worker has acknowledged; 0: none.",
    view.route.value.inForce,
  );
  return [...families, inForce];
}

function sharesOf(
  rule: RouteRule,
  replicas: Seen["view"]["replicas"],
): readonly (readonly [number, number])[] {
  if (rule.kind === "byWeight") return rule.weights.map((w) => [w.revision, w.weight / 100]);
  if (rule.kind === "byMatch" || replicas.kind === "unknown") return [];
  const ready = replicas.value.filter((r) => r.state === "ready");
  const counts = rule.revisions.map((each) => ready.filter((r) => r.revision === each).length);
  const all = counts.reduce((sum, n) => sum + n, 0);
  return rule.revisions.map((each, n) => [each, all === 0 ? 0 : (counts[n] ?? 0) / all]);
}
