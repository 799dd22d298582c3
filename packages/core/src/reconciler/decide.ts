import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Release } from "../model/release.ts";
import type { Why } from "../model/why.ts";
import { waypointOf } from "./position.ts";
import { restartClock } from "./progress.ts";
import { sideOf, type World } from "./world.ts";

/** How often to look when nothing announces a change, ms. */
export const lookAgainMs = 1000;

export function wait(why: Why, lookAgain: number): Decision {
  return { kind: "wait", why, lookAgain };
}

/** A mutation, with the app to persist before it is applied. */
export function mutate(app: App, mutation: Mutation, world: World): Decision {
  const route = mutation.kind === "route" ? mutation.table : app.route;
  const ordered = { mutation, token: null, since: world.now };
  const release = app.release && ordering(app, app.release, { mutation, now: world.now });
  return {
    kind: "mutate",
    mutation,
    app: { ...app, route, ordered, release },
    why: whyOf(app, mutation, world),
  };
}

/** What a release must remember of a mutation before it is carried out. */
function ordering(app: App, release: Release, at: { mutation: Mutation; now: number }): Release {
  const { mutation, now } = at;
  if (mutation.kind === "migrate" && mutation.phase === "contract") {
    return { ...release, contracted: true };
  }
  const moved = mutation.kind === "scale" && mutation.revision === release.to;
  return moved ? restartClock(app, release, now) : release;
}

function whyOf(app: App, mutation: Mutation, world: World): Why {
  switch (mutation.kind) {
    case "scale": {
      const { revision, replicas } = mutation;
      return { kind: "scaling", revision, from: sideOf(world, revision).level, to: replicas };
    }
    case "route":
      return { kind: "routing", generation: mutation.table.generation, rule: mutation.table.rule };
    case "collect":
      return { kind: "collecting", revision: mutation.revision };
    case "migrate":
      return { kind: "migrating", phase: mutation.phase };
    case "hook":
      return hookRunning(app, mutation, world.now);
  }
}

/** Why a release waits for a hook that was ordered at that time. */
export function hookRunning(
  { release }: App,
  { key, hook }: Extract<Mutation, { kind: "hook" }>,
  since: number,
): Why {
  const waypoint = (release && waypointOf(release)) ?? "finish";
  return { kind: "hookRunning", key, waypoint, hook: hook.name, since, timeoutMs: hook.timeoutMs };
}
