import { z } from "zod";
import type { Hold } from "../model/waypoint.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { section } from "./section.ts";
import { wholeNumber } from "./whole-number.ts";

const times = { least: "1s", most: "30d" };
const mostHolds = 100;

/** What a release can wait for, by the key that it is written under. */
export const holdKeys = {
  pause: duration(times).optional(),
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
export function holdsSchema(refuses: readonly (keyof typeof holdKeys)[] = []) {
  const rule = must(`a mapping with one of ${keysRule}`);
  const item = z.union([approvalSchema, section(holdKeys, rule)], { error: rule });
  const error = must(`a list such as [{ pause: 1m }, approval], of at most ${mostHolds}`);
  return z
    .array(item, { error })
    .max(mostHolds, { error })
    .superRefine((items, context) => {
      for (const [i, written] of items.entries()) {
        for (const key of refuses) {
          if (written[key] === undefined) continue;
          context.addIssue({
            code: "custom",
            path: [i, key],
            message: must("left out here: the new side gets no requests yet"),
          });
        }
      }
    })
    .transform((items) => items.flatMap(holdsOf));
}

/** The holds of one mapping, in the order in which they are looked at. */
export function holdsOf({ pause, analysis, requests, approval }: Written): readonly Hold[] {
  return [
    ...(pause === undefined ? [] : [{ kind: "time", ms: pause } as const]),
    ...(requests === undefined ? [] : [{ kind: "requests", n: requests } as const]),
    ...(analysis === undefined ? [] : [{ kind: "analysis", ms: analysis } as const]),
    ...(approval === undefined ? [] : [{ kind: "approval" } as const]),
  ];
}
