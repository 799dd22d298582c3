import { z } from "zod";
import type { Hook } from "../model/hook.ts";
import type { Hold } from "../model/waypoint.ts";
import { namedApart } from "../strategies/named-apart.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { hookKeys, hookOf, namesHook } from "./hooks-schema.ts";
import { section } from "./section.ts";
import { wholeNumber } from "./whole-number.ts";

const times = { least: "1s", most: "30d" };
const mostHolds = 100;

/** What a release can wait for, by the key that it is written under. */
export const holdKeys = {
  pause: duration(times, "write approval instead of pause to wait for a person").optional(),
  analysis: duration(times).optional(),
  requests: wholeNumber(1, 1_000_000_000).optional(),
  approval: z.literal(true, { error: must("true") }).optional(),
};

const keysRule = "pause: 5m, analysis: 60s, requests: 1000, approval";

/** `approval` alone is written as a word. */
const approvalSchema = z.literal("approval").transform((): Written => ({ approval: true }));

/** What is written of holds; one mapping may name several. */
export type Written = {
  readonly [Key in keyof typeof holdKeys]?: z.output<(typeof holdKeys)[Key]> | undefined;
};

/** A list of holds that are waited for one beside the other. */
export function holdsSchema() {
  const rule = must(`a mapping with one of ${keysRule}`);
  const item = z.union([approvalSchema, section(holdKeys, rule)], { error: rule });
  const error = must(`a list such as [{ pause: 1m }, approval], of at most ${mostHolds}`);
  return z
    .array(item, { error })
    .max(mostHolds, { error })
    .transform((items) => items.flatMap(holdsOf));
}

const checkRule = must(
  `a hook, such as { command: ./check.sh }, or a mapping with one of ${keysRule}`,
);
const checksRule = must(
  `a list such as [{ command: ./check.sh }, { pause: 1m }, approval], of at most ${mostHolds}`,
);

const checkSchema = section({ ...holdKeys, ...hookKeys }, checkRule).transform(
  (written, context): Check => {
    const hook = namesHook(written) ? hookOf(written, context) : null;
    return { written, hook };
  },
);

/** One item of a list of checks. */
export interface Check {
  readonly written: Written;
  readonly hook: Hook | null;
}

/** What must hold, and run, before a side gets any request: the hooks first. */
export const checksSchema = z
  .array(
    z.union(
      [approvalSchema.transform((written): Check => ({ written, hook: null })), checkSchema],
      {
        error: checkRule,
      },
    ),
    { error: checksRule },
  )
  .max(mostHolds, { error: checksRule })
  .superRefine((items, context) => {
    for (const [i, { written }] of items.entries()) {
      for (const key of ["analysis", "requests"] as const) {
        if (written[key] === undefined) continue;
        const message = must("left out here: the new side gets no requests yet");
        context.addIssue({ code: "custom", path: [i, key], message });
      }
    }
  })
  .transform((items) => ({
    before: namedApart(items.flatMap(({ hook }) => (hook === null ? [] : [hook]))),
    hold: items.flatMap(({ written }) => holdsOf(written)),
  }));

/** The holds of one mapping, in the order in which they are looked at. */
export function holdsOf({ pause, analysis, requests, approval }: Written): readonly Hold[] {
  return [
    ...(pause === undefined ? [] : [{ kind: "time", ms: pause } as const]),
    ...(requests === undefined ? [] : [{ kind: "requests", n: requests } as const]),
    ...(analysis === undefined ? [] : [{ kind: "analysis", ms: analysis } as const]),
    ...(approval === undefined ? [] : [{ kind: "approval" } as const]),
  ];
}
