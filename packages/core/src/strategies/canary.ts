import type { RouteIntent } from "../model/route-intent.ts";
import type { CanaryStep, Strategy } from "../model/strategy.ts";
import type { Count, Waypoint } from "../model/waypoint.ts";
import { bakeAndRetire, commonOf } from "./side-by-side.ts";
import { share, waypoint } from "./waypoint.ts";

type Canary = Extract<Strategy, { kind: "canary" }>;

/**
 * Weight step by step; stable keeps its full size until the bake is over, so that back is one route
 * change. By replica the share of the requests follows the replicas: stable gives up what the canary has.
 */
export function canaryPlan(strategy: Canary): readonly Waypoint[] {
  const steps = strategy.steps.flatMap((step) => stepWaypoints(step, strategy));
  const end = bakeAndRetire("bake", strategy);
  if (strategy.byReplica !== true) return [...steps, ...end];
  // Nobody is left on stable once the canary has everything.
  const alone = waypoint(
    "bake",
    { stable: 0, canary: 1 },
    { pace: { surge: 1, unavailable: 0 }, hold: end[0]?.hold ?? [] },
  );
  return [...steps, alone];
}

function stepWaypoints(step: CanaryStep, strategy: Canary): readonly Waypoint[] {
  const { before = [], hold } = step;
  const id = `canary ${step.weight} %`;
  const at = (name: string, rest: Partial<Waypoint>): Waypoint => ({
    ...waypoint(
      name,
      { stable: 1, canary: 0 },
      { ...commonOf(strategy), ...placeOf(step, strategy) },
    ),
    ...rest,
  });
  // What runs against the canary runs when it is there.
  return before.length === 0
    ? [at(id, { hold })]
    : [at(id, {}), at(`checks at ${step.weight} %`, { before, hold })];
}

function placeOf(step: CanaryStep, strategy: Canary): Partial<Waypoint> {
  const canary: Count = step.replicas ?? share(step.weight / 100);
  if (strategy.byReplica === true) {
    const stable = share(1 - step.weight / 100);
    const pace = { surge: 1, unavailable: 0 } as const;
    return { pace, replicas: { stable, canary }, route: { kind: "byReplica" } };
  }
  return {
    replicas: { stable: share(1), canary: atLeastOne(canary) },
    route: routeOf(step, strategy),
  };
}

/** At weight 0 it is there all the same, for its own address and for whoever asks for it. */
function atLeastOne(count: Count): Count {
  return count.kind === "share" && count.of === 0 ? { kind: "fixed", n: 1 } : count;
}

function routeOf({ weight: canary }: CanaryStep, { sticky, override }: Canary): RouteIntent {
  const route = { kind: "byWeight", canary, sticky } as const;
  return override === undefined ? route : { ...route, override };
}
