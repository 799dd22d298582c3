import type { App } from "../../model/app.ts";
import type { Why } from "../../model/why.ts";
import type { FakeEngine } from "../fake-engine.ts";
import type { Truth } from "../truth.ts";

/** What a reason is compared with. */
export interface WhySource {
  readonly app: App;
  readonly truth: Truth;
  readonly engine: FakeEngine;
}

/** In what a reason for waiting is not true; null when it is. Of an old view nobody can know. */
export function falseIn(why: Why, source: WhySource): string | null {
  if (source.engine.blurred && why.kind !== "paused") return null;
  const reason = claims[why.kind]?.(why, source) ?? true;
  return reason ? null : `why: ${JSON.stringify(why)} is not true`;
}

type Claim = (why: Why, source: WhySource) => boolean;

/** For each kind of waiting, whether what it says of the world is so. */
const claims: Partial<Record<Why["kind"], Claim>> = {
  routeBarrier: (_, { truth }) => truth.inForce.generation < truth.accepted.generation,
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
};

function isStarting(why: Extract<Why, { kind: "starting" }>, truth: Truth): boolean {
  const available = truth.availableOf.get(why.revision) ?? 0;
  return why.available === available && available < why.wanted;
}
