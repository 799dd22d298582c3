import type { Settings } from "../../model/app.ts";
import type { Match } from "../../model/route.ts";
import type { CanaryStep, SideBySide, Strategy } from "../../model/strategy.ts";
import type { Amount, Hold } from "../../model/waypoint.ts";
import { exampleSettings } from "../examples.ts";
import type { Random } from "./random.ts";
import { appHooksOf, hooksOf, metricsOf } from "./tell-outside.ts";

/** Settings of an app with so many replicas: how it releases, what it measures, what it runs. */
export function settingsOf(random: Random, replicas: number): Settings {
  return {
    ...exampleSettings,
    replicas,
    strategy: strategyOf(random),
    progressDeadlineSeconds: random.pick([20, 60, 120, 120, 600]),
    keepRevisions: random.whole(1, 5),
    analysis: metricsOf(random),
    ...(random.chance(0.5) ? { hooks: appHooksOf(random) } : {}),
  };
}

/** In twelfths: few stories have something asked or run before a switch, and see it fail. */
const strategies = [
  "rolling",
  "rolling",
  "recreate",
  "recreate",
  "blueGreen",
  "blueGreen",
  "blueGreen",
  "canary",
  "canary",
  "canary",
  "abTest",
  "abTest",
] as const;

function strategyOf(random: Random): Strategy {
  switch (random.pick(strategies)) {
    case "rolling":
      return rollingOf(random);
    case "recreate":
      return { kind: "recreate" };
    case "blueGreen": {
      const before = random.chance(0.55) ? { before: hooksOf(random) } : {};
      const measured: Hold = { kind: "analysis", ms: random.magnitude(1, 60_000) };
      const checks = random.chance(0.4) ? [measured] : holdsOf(random);
      return { kind: "blueGreen", checks, ...besideOf(random), ...before };
    }
    case "canary":
      return random.chance(0.2) ? byReplicaOf(random) : byWeightOf(random);
    case "abTest":
      return {
        kind: "abTest",
        matches: matchesOf(random),
        until: holdsOf(random),
        ...besideOf(random),
      };
  }
}

function rollingOf(random: Random): Strategy {
  return {
    kind: "rolling",
    maxSurge: amountOf(random),
    maxUnavailable: amountOf(random),
    ...(random.chance(0.4) ? { bakeMs: random.magnitude(1, 120_000) } : {}),
  };
}

function besideOf(random: Random): SideBySide {
  const warmMs = random.magnitude(500, 600_000);
  return {
    bakeMs: random.pick([0, random.magnitude(1, 120_000)]),
    ...(random.chance(0.3) ? { keepWarmMs: warmMs } : {}),
    ...(random.chance(0.4) ? { preview: random.pick([9000, 9001]) } : {}),
    ...(random.chance(0.3) ? { override: { header: "x-canary" } } : {}),
  };
}

function byWeightOf(random: Random): Strategy {
  const steps = stepsOf(random, [0, 0.1, 1, 5, 10, 33, 50, 90, 100]);
  const sticky = random.chance(0.25) ? ({ by: "cookie", name: "user" } as const) : null;
  return { kind: "canary", steps, sticky, ...besideOf(random) };
}

/** A share of the replicas can neither be nothing nor be chosen. */
function byReplicaOf(random: Random): Strategy {
  const { bakeMs } = besideOf(random);
  const steps = stepsOf(random, [1, 10, 33, 50, 90]).map((step) => ({ ...step, replicas: null }));
  return { kind: "canary", steps, sticky: null, byReplica: true, bakeMs };
}

function stepsOf(random: Random, weights: readonly number[]): readonly CanaryStep[] {
  const drawn = random.several(random.whole(1, 4), () => random.pick(weights));
  return [...new Set(drawn)]
    .sort((a, b) => a - b)
    .map((weight) => ({
      weight,
      replicas: random.chance(0.2) ? { kind: "fixed", n: random.whole(1, 3) } : null,
      ...(random.chance(0.3) ? { before: hooksOf(random) } : {}),
      hold: holdsOf(random),
    }));
}

function matchesOf(random: Random): readonly Match[] {
  const header: Match = { kind: "header", name: "x-variant", value: "b" };
  const half: Match = { kind: "hash", by: "cookie", name: "user", percent: 50 };
  return random.pick([[header], [half], [{ kind: "all", of: [header, half] }], [half, header]]);
}

function amountOf(random: Random): Amount {
  return random.chance(0.5) ? random.whole(0, 3) : `${random.pick([0, 1, 10, 25, 34, 50, 100])}%`;
}

function holdsOf(random: Random): readonly Hold[] {
  return random.several(random.pick([0, 1, 1, 2]), () => holdOf(random));
}

function holdOf(random: Random): Hold {
  switch (random.whole(0, 6)) {
    case 0:
    case 1:
      return { kind: "time", ms: random.magnitude(1, 90_000) };
    case 2:
      return { kind: "requests", n: random.magnitude(1, 2000) };
    case 3:
      return { kind: "approval" };
    case 4:
      return { kind: "gate", name: "gate" };
    default:
      return { kind: "analysis", ms: random.magnitude(1, 60_000) };
  }
}
