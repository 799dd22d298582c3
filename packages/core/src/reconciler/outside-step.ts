import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Hook, HookResult } from "../model/hook.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Release } from "../model/release.ts";
import type { SchemaPhase, Waypoint } from "../model/waypoint.ts";
import { hookRunning, lookAgainMs, mutate, wait } from "./decide.ts";
import { attemptOf } from "./position.ts";
import { restartClock } from "./progress.ts";
import { turnBackDecision } from "./turn-back.ts";
import type { World } from "./world.ts";

/** What must happen outside the engine before a waypoint's replicas move: hooks, then `expand`. */
export function outsideStep(app: App, waypoint: Waypoint, world: World): Decision | null {
  const { release } = app;
  if (release === null) return null;
  for (const hook of waypoint.before) {
    const step = hookStep(app, { release, waypoint, hook, world });
    if (step !== null) return step;
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

/**
 * The same for every run of a hook, whoever orders it. A release that was turned back and goes forward
 * again runs it anew.
 */
export function hookKey(
  app: Pick<App, "name">,
  release: Release,
  at: { readonly waypoint: Waypoint; readonly hook: Hook },
): string {
  const nth = attemptOf(release);
  const again = nth === 1 ? "" : `/${nth}`;
  return `${app.name}/${release.id}/${at.waypoint.id}/${at.hook.name}${again}`;
}

/** Runs a hook, notes what became of it, and does what a failed one asks for; null: it is behind us. */
function hookStep(
  app: App,
  at: { release: Release; waypoint: Waypoint; hook: Hook; world: World },
): Decision | null {
  const { release, waypoint, hook, world } = at;
  const key = hookKey(app, release, { waypoint, hook });
  const known = release.effects?.[key];
  if (known !== undefined) return failedHook(app, { ...at, result: known });
  const result = world.seen.hooks[key] ?? skipped(release);
  if (result === null) {
    const { id, to } = release;
    return orderOnce(app, { kind: "hook", key, hook, release: id, revision: to }, world);
  }
  const effects = { ...release.effects, [key]: result };
  return {
    kind: "advance",
    app: { ...app, release: restartClock(app, { ...release, effects }, world.now) },
    why: { kind: "hookOver", key, waypoint: waypoint.id, hook: hook.name, result },
  };
}

/** A person's word stands for a hook that does not come to an end. */
function skipped({ waived, intents }: Release): HookResult | null {
  if (waived !== "waypoint") return null;
  const by = intents.findLast((intent) => intent.kind === "skip")?.by ?? "somebody";
  return { outcome: "failed", detail: `skipped by ${by}` };
}

/** The hook that holds a release until a person decides, and why it failed; null: none does. */
export function heldByHook(
  app: App,
  release: Release,
  waypoint: Waypoint,
): { readonly waypoint: string; readonly name: string; readonly detail: string } | null {
  if (release.waived === "waypoint" || release.waived === "all") return null;
  for (const hook of waypoint.before) {
    const result = release.effects?.[hookKey(app, release, { waypoint, hook })];
    const holds = hook.onFail === "hold" && result?.outcome === "failed";
    if (holds) return { waypoint: waypoint.id, name: hook.name, detail: result.detail };
  }
  return null;
}

/** What a person can say to a hook that failed. */
export const wayOut = "`hitless skip` goes on without it, `hitless abort` goes back";

function failedHook(
  app: App,
  at: { release: Release; waypoint: Waypoint; hook: Hook; world: World; result: HookResult },
): Decision | null {
  const { release, waypoint, hook, world, result } = at;
  // Nothing holds up the way back.
  if (result.outcome === "done" || release.direction === "back") return null;
  if (release.waived === "waypoint") return null;
  const { detail } = result;
  switch (hook.onFail) {
    case "continue":
      return null;
    case "back": {
      const reason = {
        kind: "hookFailed",
        waypoint: waypoint.id,
        hook: hook.name,
        detail,
      } as const;
      return turnBackDecision(app, reason, world.now);
    }
    case "hold": {
      if (release.waived === "all") return null;
      const why = {
        waypoint: waypoint.id,
        hold: hook.name,
        detail: `failed: ${detail}; ${wayOut}`,
      };
      return wait({ kind: "holdUndecided", ...why }, world.now + lookAgainMs);
    }
  }
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
  const { ordered } = app;
  const same = JSON.stringify(ordered?.mutation) === JSON.stringify(mutation);
  if (ordered === null || !same || ordered.token === null) return mutate(app, mutation, world);
  const why =
    mutation.kind === "hook"
      ? hookRunning(app, mutation, ordered.since)
      : ({ kind: "migrating", phase: mutation.phase } as const);
  return wait(why, world.now + lookAgainMs);
}
