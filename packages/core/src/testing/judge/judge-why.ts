import type { App } from "../../model/app.ts";
import type { Waypoint } from "../../model/waypoint.ts";
import type { Why } from "../../model/why.ts";
import type { FakeEngine } from "../fake-engine.ts";
import type { FakeOutside } from "../fake-outside.ts";
import type { Truth } from "../truth.ts";

/** What a reason is compared with. */
export interface WhySource {
  readonly app: App;
  readonly truth: Truth;
  readonly engine: FakeEngine;
  readonly outside: FakeOutside;
}

/** What is said of these is known from the app and from what runs beside it, however little is seen. */
const clear = new Set<Why["kind"]>(["paused", "held", "holdUndecided", "hookRunning"]);

/** In what a reason for waiting is not true; null when it is. Of an old view nobody can know. */
export function falseIn(why: Why, source: WhySource): string | null {
  if (source.engine.blurred && !clear.has(why.kind)) return null;
  const reason = claims[why.kind]?.(why, source) ?? true;
  return reason ? null : `why: ${JSON.stringify(why)} is not true`;
}

type Claim = (why: Why, source: WhySource) => boolean;

/** For each kind of waiting, whether what it says of the world is so. */
const claims: Partial<Record<Why["kind"], Claim>> = {
  routeBarrier: (_, { truth, app, engine }) =>
    truth.inForce.generation < truth.accepted.generation ||
    // A preview that is not open holds up a way out, never a way back.
    (app.release?.direction === "forward" && engine.dataPlane.view().lagging.length > 0),
  starting: (why, { truth }) => why.kind === "starting" && isStarting(why, truth),
  settling: (why, { engine }) =>
    why.kind === "settling" &&
    why.until > engine.now() &&
    engine.replicas().some((r) => r.id === why.replica && r.state === "ready"),
  unrouting: (_, { truth }) => truth.leavingRouted.length > 0,
  stopping: (_, { engine }) => engine.replicas().some((r) => r.state === "draining"),
  noCapacity: (_, { truth }) => !truth.fits,
  paused: (_, { app }) => app.release?.paused !== null,
  // Who acknowledges nothing does not count either.
  unobservable: (why, { engine }) =>
    why.kind === "unobservable" && why.what === "requests" && engine.dataPlane.held,
  stale: () => false,
  held: (why, { app, engine }) =>
    why.kind === "held" && (isHeld(why, app, engine.now()) || why.hold === "contract"),
  holdUndecided: (why, { app }) =>
    why.kind === "holdUndecided" && waypointAt(app)?.id === why.waypoint,
  hookRunning: (why, { engine, outside }) =>
    why.kind === "hookRunning" && outside.runs(why.key, engine.elapsed),
};

/** It stands there, and what it waits for has not come. */
function isHeld(why: Extract<Why, { kind: "held" }>, app: App, now: number): boolean {
  const at = waypointAt(app);
  const { reached = null, waived } = app.release ?? {};
  if (at?.id !== why.waypoint || reached === null) return false;
  return at.hold.some((hold) => {
    if (hold.kind !== why.hold) return false;
    const forPeople = hold.kind === "approval" || hold.kind === "time" || hold.kind === "requests";
    if (forPeople && waived === "approved") return false;
    return hold.kind !== "time" || now < reached.at + hold.ms;
  });
}

function waypointAt({ release }: App): Waypoint | undefined {
  if (release === null) return undefined;
  return (release.direction === "forward" ? release.plan : release.back)[release.cursor];
}

function isStarting(why: Extract<Why, { kind: "starting" }>, truth: Truth): boolean {
  const available = truth.availableOf.get(why.revision) ?? 0;
  return why.available === available && available < why.wanted;
}
