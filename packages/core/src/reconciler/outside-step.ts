import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Mutation } from "../model/mutation.ts";
import type { SchemaPhase, Waypoint } from "../model/waypoint.ts";
import { lookAgainMs, mutate, wait } from "./decide.ts";
import { turnBackDecision } from "./turn-back.ts";
import type { World } from "./world.ts";

/** What must happen outside the engine before a waypoint's replicas move: hooks, then `expand`. */
export function outsideStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null) return null;
  for (const hook of waypoint.before) {
    const key = hookKey(release.id, waypoint.id, hook.name);
    const state = world.seen.hooks[key];
    if (state === "done") continue;
    if (state !== "failed") return orderOnce(app, { kind: "hook", key }, world);
    const reason = { kind: "holdFailed", hold: hook.name, detail: "the hook failed" } as const;
    return turnBackDecision(app, reason, world.now);
  }
  if (waypoint.schema !== "expand") return null;
  return schemaStep(app, "expand", world);
}

/** `contract`, which cannot be undone: after everything that the waypoint holds for. */
export function contractStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  if (waypoint.schema !== "contract") return null;
  const needing = app.kept.filter((k) => k.revision !== app.release?.to);
  if (needing.length === 0) return schemaStep(app, "contract", world);
  const until = Math.max(...needing.map((k) => k.until));
  const numbers = needing.map((k) => k.revision).join(", ");
  const detail = `revision ${numbers} is kept until ${new Date(until).toISOString()} and needs what it removes`;
  return wait({ kind: "held", waypoint: waypoint.id, hold: "contract", detail }, until);
}

/** A hook runs once per release and waypoint. */
export function hookKey(release: number, waypoint: string, name: string): string {
  return `${release}/${waypoint}/${name}`;
}

function schemaStep(app: App, phase: SchemaPhase, world: World): Decision | null {
  const { schema } = world.seen;
  if (schema.kind === "unknown") {
    const { reason, since } = schema;
    const why = { kind: "unobservable", what: "schema", reason, since } as const;
    return wait(why, world.now + lookAgainMs);
  }
  const done = schema.value.phase;
  if (done === "contracted" || (phase === "expand" && done === "expanded")) return null;
  return orderOnce(app, { kind: "migrate", phase }, world);
}

/** Orders what is not the engine's, unless it was accepted and is running. */
function orderOnce(
  app: App,
  mutation: Extract<Mutation, { kind: "hook" | "migrate" }>,
  world: World,
): Decision {
  const same = JSON.stringify(app.ordered?.mutation) === JSON.stringify(mutation);
  if (!same || app.ordered?.token === null) return mutate(app, mutation, world);
  const why =
    mutation.kind === "hook"
      ? ({ kind: "hookRunning", key: mutation.key } as const)
      : ({ kind: "migrating", phase: mutation.phase } as const);
  return wait(why, world.now + lookAgainMs);
}
