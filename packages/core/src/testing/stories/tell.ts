import type { Verdict } from "../../model/observed.ts";
import type { Strategy } from "../../model/strategy.ts";
import { dangers } from "../danger.ts";
import type { Behaviour } from "../fake-replica.ts";
import { asks, asksOfBeginning } from "./coverage.ts";
import { blows, type Fault, outsideTroubles, sickness, troubles } from "./faults.ts";
import { Random } from "./random.ts";
import type { Stage } from "./stage.ts";
import type { Act, Cue, Happening, Story } from "./story.ts";
import { courseOf, metricNames } from "./tell-outside.ts";
import { settingsOf } from "./tell-settings.ts";
import { placeOf, withWindows } from "./tell-windows.ts";

/** Revisions of a story: 1 and 2 have served, 3 serves, 4 is released, 5 comes on top, 6 is a restart. */
export const cast = { served: [1, 2, 3], stable: 3, canary: 4, third: 5, restarted: 6 } as const;

const lastingFaults: readonly Fault[] = [...sickness, ...troubles, ...blows];
const troublesOutside: readonly Fault[] = [...outsideTroubles];
/** Few get there, or stay. */
const seldomMet: readonly Stage[] = ["preview", "checks", "switch", "winner", "retire", "start"];
const deaths: readonly Fault[] = dangers.map((danger) => `killed ${danger}` as const);

/** What is soon over, or only met by who gets that far, is named more often. */
const stagesOf: Readonly<Record<Strategy["kind"], readonly Stage[]>> = {
  rolling: ["roll", "roll", "after"],
  recreate: ["stop", "start", "after"],
  blueGreen: ["preview", "checks", "switch", "switch", "after", "retire"],
  canary: ["step", "checks", "bake", "bake", "bake", "after", "retire"],
  abTest: ["compare", "winner", "winner", "after", "retire"],
};

/** Where a later release of the story may stand. */
const anyStages: readonly Stage[] = Object.values(stagesOf).flat();

/** The story that a seed decides. */
export function tell(seed: number): Story {
  const random = new Random(seed);
  const replicas = random.chance(0.97) ? random.whole(1, 8) : random.magnitude(9, 200);
  const place = random.chance(0.2) ? placeOf(random) : null;
  const settings = withWindows(random, settingsOf(random, replicas), place);
  const first = random.chance(0.12);
  const schema = random.chance(0.35) ? { bakeMs: random.magnitude(1, 60_000) } : null;
  const story = {
    seed,
    place,
    busyMs: random.magnitude(1000, 800_000),
    settings,
    first,
    schema,
    kept: random.chance(0.15) ? keptOf(random, replicas) : null,
    minReadyMs: random.pick([0, 0, 0, 1000, 10_000]),
    slots: random.chance(0.15) ? random.whole(replicas, 2 * replicas + 2) : null,
    routeMs: random.magnitude(1, 3000),
    jitterMs: random.pick([0, 0, 500, 5000]),
    behaviour: behaviourOf(random),
    // Who waits for days looks seldom.
    tardy: place !== null || !random.chance(0.1),
    verdicts: verdictsOf(random),
    courses: metricNames.map(() => courseOf(random)),
    mends: !random.chance(0.05),
    keen: random.chance(0.75),
  };
  return { ...story, happenings: happeningsOf(random, story) };
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
  const outside = random.chance(0.85) ? outsideOf(random, story) : [];
  const seldom = random.chance(0.35) ? [seldomOf(random, story)] : [];
  const sequel = random.chance(0.7) ? [sequelOf(random, story)] : [];
  const encore = random.chance(0.45) ? [encoreOf(random)] : [];
  const late = random.several(2, () => afterDeath(random, story));
  const waiting = story.place === null ? [] : waitingOf(random, story);
  const frozen = random.chance(0.2) ? frozenOf(random, story) : [];
  const planned = [...happenings, ...turn, ...late, ...outside, ...seldom, ...sequel, ...encore];
  return [...planned, ...waiting, ...frozen];
}

/** Faults where few would meet them. */
function seldomOf(random: Random, story: Setting): Happening {
  const onward = forwardStages(story);
  const stages: readonly Stage[] = [...seldomMet.filter((each) => onward.includes(each)), "told"];
  const acts = [faultOf(random), faultOf(random)];
  return { cue: { kind: "stage", stage: random.pick(stages), looks: 0 }, acts };
}

/** While a release waits for its window: what fails, who says something, windows that change. */
function waitingOf(random: Random, story: Setting): readonly Happening[] {
  const meanwhile = random.several(random.whole(1, 2), (): Happening => {
    const scaled: Act = { kind: "scale", to: random.whole(1, 8) };
    const acts = [
      random.chance(0.6) ? faultOf(random) : personOf(random, story),
      random.chance(0.5) ? personOf(random, story) : ofBeginning(random, story),
      ...(random.chance(0.3) ? [faultOf(random), scaled] : []),
    ];
    const looks = random.pick([0, 0, 1, 5]);
    return { cue: { kind: "stage", stage: "pending", looks }, acts };
  });
  const again: Happening = {
    cue: { kind: "time", ms: random.whole(1, 13) * 60_000 + random.whole(-1000, 59_000) },
    acts: [ofBeginning(random, story), { kind: "release", to: cast.third, busy: "queue" }],
  };
  return random.chance(0.5) ? [...meanwhile, again] : meanwhile;
}

/** Somebody freezes the app, somebody wants something all the same, and somebody ends it. */
function frozenOf(random: Random, story: Setting): readonly Happening[] {
  const ends: readonly Stage[] = ["finish", "back", "told", "returned", "steady", "pending"];
  const stages = random.chance(0.5) ? forwardStages(story) : ends;
  const acts = [ofBeginning(random, story), personOf(random, story)];
  const over: Cue = random.chance(0.6)
    ? { kind: "frozen", looks: random.pick([1, 4, 20]) }
    : cueOf(random, random.chance(0.5) ? ends : anyStages);
  return [
    { cue: cueOf(random, stages), acts: [{ kind: "freeze" }] },
    { cue: { kind: "frozen", looks: random.pick([0, 1, 3]) }, acts: [...acts, faultOf(random)] },
    { cue: over, acts: [{ kind: "unfreeze" }] },
  ];
}

/** What is said about when releases begin, or heeds it not. */
function ofBeginning(random: Random, story: Setting): Act {
  const settings = withWindows(random, settingsOf(random, random.whole(1, 8)), story.place);
  return random.pick<Act>([
    { kind: "freeze" },
    { kind: "unfreeze" },
    { kind: "anytime" },
    { kind: "restart", to: cast.restarted },
    { kind: "release", to: cast.third, busy: "queue", anytime: true },
    { kind: "rollback", to: random.pick([null, ...cast.served]) },
    { kind: "settings", settings },
  ]);
}

/** Sources and hooks fail where there are some, and somebody says something meanwhile. */
function outsideOf(random: Random, story: Setting): readonly Happening[] {
  const { strategy } = story.settings;
  const onward: readonly Stage[] = story.first ? ["first"] : forwardStages(story);
  // Few others have anything asked or run there.
  const green = !story.first && strategy.kind === "blueGreen" && random.chance(0.85);
  const hooked = strategy.kind === "blueGreen" && strategy.before !== undefined;
  const there: readonly Fault[] = hooked
    ? ["hook fails", "hook hangs"]
    : ["source fails", "source slow"];
  const fault = random.pick(green ? there : troublesOutside);
  const stages: readonly Stage[] = green ? [hooked ? "checks" : "preview"] : onward;
  const cue: Cue = random.chance(0.5)
    ? { kind: "time", ms: 1 }
    : { kind: "stage", stage: random.pick([...stages, "told"]), looks: 0 };
  const ms = random.magnitude(10_000, 180_000);
  const begins: Happening = { cue, acts: [{ kind: "fault", fault, side: "canary", ms }] };
  const answer: Happening = { cue: { kind: "felt", fault }, acts: [personOf(random, story)] };
  return green && random.chance(0.7) ? [begins] : [begins, answer];
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

/** When all is over another release begins, perhaps with another strategy, or somebody goes back. */
function sequelOf(random: Random, { place }: Setting): Happening {
  const settings = withWindows(random, settingsOf(random, random.whole(1, 6)), place);
  const back: Act = { kind: "rollback", to: null };
  if (random.chance(0.3)) {
    return { cue: { kind: "warm", late: random.chance(0.2) }, acts: [faultOf(random), back] };
  }
  return {
    cue: { kind: "stage", stage: "steady", looks: random.pick([0, 1]) },
    acts: [
      ...(random.chance(0.8) ? [{ kind: "settings", settings } as const] : []),
      random.chance(0.25) ? back : { kind: "release", to: cast.third, busy: "queue" },
    ],
  };
}

/** Several go back, one after the other, or soon after a release. */
function encoreOf(random: Random): Happening {
  const cue: Cue = random.chance(0.7)
    ? { kind: "warm", late: random.chance(0.2) }
    : { kind: "stage", stage: "steady", looks: random.whole(2, 6) };
  const fault = random.chance(0.85) ? [faultOf(random)] : [];
  return { cue, acts: [...fault, { kind: "rollback", to: null }] };
}

function happeningOf(random: Random, story: Setting): Happening {
  const ends: readonly Stage[] = ["finish", "back", "told", "returned", "steady"];
  const forward = random.chance(0.7) ? forwardStages(story) : anyStages;
  const leave = story.settings.strategy.kind === "recreate" && random.chance(0.3);
  const cue = cueOf(random, leave ? ["leave"] : random.chance(0.25) ? ends : forward);
  const acts = random.several(random.pick([1, 1, 2, 3]), () =>
    random.chance(0.65) ? faultOf(random) : personOf(random, story),
  );
  // Some say everything twice.
  const said = random.chance(0.1) ? [...acts, ...acts] : acts;
  return { cue, acts: said.flatMap((act) => withOccasion(random, act, story)) };
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
  const ask = random.chance(0.1) ? random.pick(asksOfBeginning) : random.pick(asks);
  switch (ask) {
    case "freeze":
    case "unfreeze":
    case "anytime":
      return { kind: ask };
    case "restart":
      return { kind: ask, to: cast.restarted };
    case "rollback":
      return { kind: ask, to: random.pick([null, ...cast.served]) };
    case "warm rollback":
      return { kind: "rollback", to: random.pick([null, 2]) };
    case "promote --full":
      return { kind: "say", intent: "promote", full: true, looked: "now" };
    case "queue":
    case "replace":
    case "reject":
      return { kind: "release", to: cast.third, busy: ask };
    case "scale": {
      const most = story.settings.replicas > 8 ? 2 * story.settings.replicas : 8;
      return { kind: ask, to: random.whole(0, most) };
    }
    case "settings":
      return {
        kind: ask,
        settings: withWindows(random, settingsOf(random, random.whole(1, 8)), story.place),
      };
    default:
      return { kind: "say", intent: ask, looked: random.chance(0.1) ? "before" : "now" };
  }
}
