import type { Mix } from "@hitless/load";
import { type Group, oneGroup } from "../../test/bed/grouped-load.ts";
import { levels, passes, type Step, standsAt } from "../../test/bed/release-walk.ts";
import { matchingGroup } from "./exposure.ts";

export const rate = 300;

/** New and kept connections, GET and POST. */
export const getAndPost: Mix = { fresh: 35, keepalive: 35, post: 30 };

/** One strategy, and what is known of its way. */
export interface Course {
  readonly name: string;
  readonly replicas: number;
  /** As the app file has it. */
  readonly strategy: unknown;
  readonly groups: readonly Group[];
  /** In the order in which a release comes through them. */
  readonly steps: readonly Step[];
  /** Percent of its requests that a group sees the new side at a step that stands; of `all` where it has none of its own. */
  readonly shares: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Whether the share is drawn for each request, or follows from the replicas. */
  readonly drawn: boolean;
  /** Downtime by design: what is lost is told, and not judged. */
  readonly downtime: boolean;
  /** The same with a side that stays warm; null: there is none. */
  readonly warm: unknown;
}

const usual = { replicas: 2, groups: oneGroup(rate), drawn: true, downtime: false, warm: null };
/** Long enough for a release to be found there; `promote` ends it. */
const bake = "1h";
const none = "0s";

/** Those whose query says so are the ones that an A/B test shows the new side. */
export const variants: readonly Group[] = [
  { name: "others", rate: rate * 0.8, query: "" },
  { name: matchingGroup, rate: rate * 0.2, query: "?variant=b" },
];
const match = [{ query: "variant", value: "b" }];

const blueGreen = { bake, keepWarm: none, checks: ["approval"] };
const canary = { bake, steps: [{ weight: 5 }, "approval", { weight: 50 }, "approval"] };
const abTest = { bake, match };

export const courses: readonly Course[] = [
  {
    ...usual,
    name: "rolling",
    strategy: "rolling",
    steps: ["2+1", "1+1", "1+2", "0+2"].map(levels),
    shares: {},
  },
  {
    ...usual,
    name: "recreate",
    strategy: "recreate",
    steps: [passes("stop"), passes("start")],
    shares: {},
    downtime: true,
  },
  {
    ...usual,
    name: "blue-green",
    strategy: { blueGreen },
    steps: [standsAt("preview"), standsAt("switch"), passes("retire")],
    shares: { all: { preview: 0, switch: 100 } },
    warm: { blueGreen: { ...blueGreen, keepWarm: "10m" } },
  },
  {
    ...usual,
    name: "canary",
    strategy: { canary },
    steps: [standsAt("canary 5 %"), standsAt("canary 50 %"), standsAt("bake"), passes("retire")],
    shares: { all: { "canary 5 %": 5, "canary 50 %": 50, bake: 100 } },
    warm: { canary: { ...canary, keepWarm: "10m" } },
  },
  {
    ...usual,
    name: "canary-by-replica",
    replicas: 4,
    strategy: {
      canary: {
        bake,
        split: "replicas",
        steps: [{ weight: 25 }, "approval", { weight: 50 }, "approval"],
      },
    },
    steps: [standsAt("canary 25 %"), standsAt("canary 50 %"), standsAt("bake")],
    shares: { all: { "canary 25 %": 25, "canary 50 %": 50, bake: 100 } },
    drawn: false,
  },
  {
    ...usual,
    name: "ab-test",
    strategy: { abTest },
    groups: variants,
    steps: [standsAt("compare"), standsAt("winner"), passes("retire")],
    shares: {
      others: { compare: 0, winner: 100 },
      [matchingGroup]: { compare: 100, winner: 100 },
    },
    warm: { abTest: { ...abTest, keepWarm: "10m" } },
  },
];
