import type { Settings } from "../../model/app.ts";
import type { Verdict } from "../../model/observed.ts";
import type { CanaryStep, Strategy } from "../../model/strategy.ts";
import type { Amount, Hold } from "../../model/waypoint.ts";
import { dangers } from "../danger.ts";
import { exampleSettings } from "../examples.ts";
import type { Behaviour } from "../fake-replica.ts";
import { asks } from "./coverage.ts";
import { blows, type Fault, sickness, troubles } from "./faults.ts";
import { Random } from "./random.ts";
import type { Stage } from "./stage.ts";
import type { Act, Cue, Happening, Story } from "./story.ts";

/** Revisions of a story: 1 and 2 have served, 3 serves, 4 is released, 5 comes on top. */
export const cast = { served: [1, 2, 3], stable: 3, canary: 4, third: 5 } as const;

const lastingFaults: readonly Fault[] = [...sickness, ...troubles, ...blows];
const deaths: readonly Fault[] = dangers.map((danger) => `killed ${danger}` as const);

/** What is soon over, or only met by who gets that far, is named more often. */
const stagesOf: Readonly<Record<Strategy["kind"], readonly Stage[]>> = {
  rolling: ["roll"],
  recreate: ["stop", "start"],
  blueGreen: ["preview", "switch", "switch", "retire"],
  canary: ["step", "bake", "bake", "bake", "retire"],
  abTest: ["compare", "winner", "winner", "retire"],
};

/** Where a later release of the story may stand. */
const anyStages: readonly Stage[] = Object.values(stagesOf).flat();

/** The story that a seed decides. */
export function tell(seed: number): Story {
  const random = new Random(seed);
  const replicas = random.chance(0.97) ? random.whole(1, 8) : random.magnitude(9, 200);
  const settings = settingsOf(random, replicas);
  const first = random.chance(0.12);
  const schema = random.chance(0.35) ? { bakeMs: random.magnitude(1, 60_000) } : null;
  const story = {
    seed,
    settings,
    first,
    schema,
    hooks: random.chance(0.15) ? [{ waypoint: random.whole(0, 2), fails: random.chance(0.3) }] : [],
    kept: random.chance(0.1) ? keptOf(random, replicas) : null,
    minReadyMs: random.pick([0, 0, 0, 1000, 10_000]),
    slots: random.chance(0.15) ? random.whole(replicas, 2 * replicas + 2) : null,
    routeMs: random.magnitude(1, 3000),
    jitterMs: random.pick([0, 0, 500, 5000]),
    behaviour: behaviourOf(random),
    tardy: !random.chance(0.1),
    verdicts: verdictsOf(random),
    mends: !random.chance(0.05),
    keen: random.chance(0.75),
  };
  return { ...story, happenings: happeningsOf(random, story) };
}

function settingsOf(random: Random, replicas: number): Settings {
  return {
    ...exampleSettings,
    replicas,
    strategy: strategyOf(random),
    progressDeadlineSeconds: random.pick([20, 60, 120, 120, 600]),
    keepRevisions: random.whole(1, 5),
  };
}

function strategyOf(random: Random): Strategy {
  switch (random.pick(["rolling", "recreate", "blueGreen", "canary", "abTest"] as const)) {
    case "rolling":
      return { kind: "rolling", maxSurge: amountOf(random), maxUnavailable: amountOf(random) };
    case "recreate":
      return { kind: "recreate" };
    case "blueGreen":
      return { kind: "blueGreen", checks: holdsOf(random), bakeMs: bakeOf(random) };
    case "canary":
      return { kind: "canary", steps: stepsOf(random), sticky: null, bakeMs: bakeOf(random) };
    case "abTest":
      return {
        kind: "abTest",
        matches: [{ kind: "header", name: "x-variant", value: "b" }],
        until: holdsOf(random),
        bakeMs: bakeOf(random),
      };
  }
}

function amountOf(random: Random): Amount {
  return random.chance(0.5) ? random.whole(0, 3) : `${random.pick([0, 1, 10, 25, 34, 50, 100])}%`;
}

function bakeOf(random: Random): number {
  return random.pick([0, random.magnitude(1, 120_000)]);
}

function stepsOf(random: Random): readonly CanaryStep[] {
  const weights = random.several(random.whole(1, 4), () =>
    random.pick([0.1, 1, 5, 10, 33, 50, 90]),
  );
  return [...new Set(weights)]
    .sort((a, b) => a - b)
    .map((weight) => ({
      weight,
      replicas: random.chance(0.2) ? { kind: "fixed", n: random.whole(1, 2) } : null,
      hold: holdsOf(random),
    }));
}

function holdsOf(random: Random): readonly Hold[] {
  return random.several(random.pick([0, 1, 1, 2]), () => holdOf(random));
}

function holdOf(random: Random): Hold {
  switch (random.whole(0, 5)) {
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

function keptOf(random: Random, replicas: number): NonNullable<Story["kept"]> {
  return {
    replicas: random.whole(1, Math.min(4, replicas)),
    warm: random.chance(0.7),
    ms: random.magnitude(10_000, 1_500_000),
  };
}

function behaviourOf(random: Random): Partial<Behaviour> {
  return {
    startMs: random.magnitude(1, 15_000),
    drainMs: random.pick([0, random.magnitude(1, 40_000)]),
    unrouteMs: random.pick([0, random.magnitude(1, 3000)]),
  };
}

function verdictsOf(random: Random): readonly Verdict["verdict"][] {
  const early = random.several(random.pick([0, 0, 1, 4]), () =>
    random.pick(["inconclusive", "error"] as const),
  );
  return [...early, random.chance(0.12) ? "failed" : "successful"];
}

type Setting = Omit<Story, "happenings">;

function happeningsOf(random: Random, story: Setting): readonly Happening[] {
  const happenings = random.several(random.whole(3, 8), () => happeningOf(random, story));
  const turn = random.chance(0.35) ? [turnOf(random, story)] : [];
  const sequel = random.chance(0.7) ? [sequelOf(random)] : [];
  const late = random.several(2, () => afterDeath(random, story));
  return [...happenings, ...turn, ...late, ...sequel];
}

/** Many stories must see the way back, whatever else happens in them. */
function turnOf(random: Random, story: Setting): Happening {
  const intent = random.pick(["abort", "abort", "rollback"] as const);
  const cue = { ...cueOf(random, forwardStages(story)), looks: random.pick([0, 3, 9]) };
  return { cue, acts: [{ kind: "say", intent, looked: "now" }] };
}

/** Somebody says something as soon as there is somebody to talk to again. */
function afterDeath(random: Random, story: Setting): Happening {
  const acts = random.several(random.whole(1, 2), () => personOf(random, story));
  return { cue: { kind: "death", nth: random.whole(0, 1) }, acts };
}

/** When all is over another release begins, perhaps with another strategy. */
function sequelOf(random: Random): Happening {
  const settings = settingsOf(random, random.whole(1, 6));
  return {
    cue: { kind: "stage", stage: "steady", looks: random.pick([0, 1]) },
    acts: [
      { kind: "settings", settings },
      { kind: "release", to: cast.third, busy: "queue" },
    ],
  };
}

function happeningOf(random: Random, story: Setting): Happening {
  const ends: readonly Stage[] = ["finish", "back", "returned", "steady"];
  const forward = random.chance(0.7) ? forwardStages(story) : anyStages;
  const leave = story.settings.strategy.kind === "recreate" && random.chance(0.3);
  const cue = cueOf(random, leave ? ["leave"] : random.chance(0.25) ? ends : forward);
  const acts = random.several(random.pick([1, 1, 2, 3]), () =>
    random.chance(0.65) ? faultOf(random) : personOf(random, story),
  );
  return { cue, acts: acts.flatMap((act) => withOccasion(random, act, story)) };
}

/** A death around an intent needs an intent, one at the start of a controller needs such a start. */
function withOccasion(random: Random, act: Act, story: Setting): readonly Act[] {
  if (act.kind !== "fault") return [act];
  if (act.fault.endsWith(" intent")) return [act, personOf(random, story)];
  if (!act.fault.endsWith(" adoption")) return [act];
  return [act, { kind: "fault", fault: "killed idle", side: "stable", ms: act.ms }];
}

function forwardStages({ settings, first, schema }: Setting): readonly Stage[] {
  const plan = first ? (["first"] as const) : stagesOf[settings.strategy.kind];
  return schema === null ? plan : ["expand", ...plan, "contract", "contract", "contract"];
}

function cueOf(random: Random, stages: readonly Stage[]): Cue {
  if (random.chance(0.15)) return { kind: "time", ms: random.magnitude(1, 200_000) };
  return { kind: "stage", stage: random.pick(stages), looks: random.pick([0, 0, 0, 1, 4]) };
}

function faultOf(random: Random): Act {
  const fault = random.chance(0.5) ? random.pick(lastingFaults) : random.pick(deaths);
  const side = random.chance(0.6) ? "canary" : "stable";
  return { kind: "fault", fault, side, ms: lastingOf(random, fault) };
}

function lastingOf(random: Random, fault: Fault): number {
  if (fault === "clock forward" || fault === "clock back") {
    return random.magnitude(10_000, 90_000_000);
  }
  return random.chance(0.15) ? Number.MAX_SAFE_INTEGER : random.magnitude(10, 180_000);
}

function personOf(random: Random, story: Setting): Act {
  const ask = random.pick(asks);
  switch (ask) {
    case "rollback":
      return { kind: ask, to: random.pick(cast.served) };
    case "queue":
    case "replace":
    case "reject":
      return { kind: "release", to: cast.third, busy: ask };
    case "scale": {
      const most = story.settings.replicas > 8 ? 2 * story.settings.replicas : 8;
      return { kind: ask, to: random.whole(0, most) };
    }
    case "settings":
      return { kind: ask, settings: settingsOf(random, random.whole(1, 8)) };
    default:
      return { kind: "say", intent: ask, looked: random.chance(0.1) ? "before" : "now" };
  }
}
