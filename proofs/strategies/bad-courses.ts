import { type Group, oneGroup } from "../../test/bed/grouped-load.ts";
import { rate, variants } from "./courses.ts";

/** A strategy for versions that may be bad: nobody is asked, metrics decide. */
export interface BadCourse {
  readonly name: string;
  /** Keys of the app file; `boundMs`: a p95 that the good version stays far below. */
  readonly settings: (boundMs: number) => Readonly<Record<string, unknown>>;
  readonly groups: readonly Group[];
  readonly illnesses: readonly string[];
}

/** So that a good version passes in seconds; what is looked for is far more. */
const soon = { interval: "1s", requests: { least: 100, most: 400 } };
const compared = [
  { metric: "error-rate", compare: "stable", effect: "2%", ...soon },
  { metric: "latency-p95", compare: "stable", effect: "100%", ...soon },
];
const bounded = (boundMs: number) => [
  { name: "errors", metric: "error-rate", below: "1%", ...soon },
  { name: "p95", metric: "latency-p95", below: `${boundMs}ms`, ...soon },
];
const usual = { replicas: 2, groups: oneGroup(rate) };
const all = ["well", "errors", "slow", "crash-after-switch", "dead", "hung", "silent", "stopped"];

export const badCourses: readonly BadCourse[] = [
  {
    ...usual,
    name: "canary",
    settings: () => ({
      analysis: compared,
      // Fine with a tenth of the requests, and what it is with half of them shows then.
      strategy: {
        canary: {
          steps: [
            { weight: 10, pause: "3s" },
            // As many as stable has: half of them with the same load would be slower for that alone.
            { weight: 50, replicas: 2, analysis: "3s" },
          ],
          // Who hangs now is an error in 5 s.
          bake: "6s",
        },
      },
    }),
    illnesses: all,
  },
  {
    ...usual,
    name: "blue-green",
    settings: (boundMs) => ({
      analysis: bounded(boundMs),
      strategy: { blueGreen: { bake: "8s", keepWarm: "0s" } },
    }),
    illnesses: all,
  },
  {
    name: "ab-test",
    groups: variants,
    settings: () => ({
      analysis: compared,
      strategy: {
        abTest: {
          match: [{ query: "variant", value: "b" }],
          until: [{ analysis: "3s" }],
          bake: "1s",
        },
      },
    }),
    illnesses: ["errors", "slow"],
  },
  {
    ...usual,
    name: "rolling",
    // Nothing is measured: a version that dies or hangs before it has been ready for so long goes back.
    settings: () => ({ strategy: "rolling", minReadySeconds: 4 }),
    illnesses: ["dead", "hung"],
  },
];
