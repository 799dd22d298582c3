import { z } from "zod";
import type { Strategy } from "../model/strategy.ts";
import type { Amount } from "../model/waypoint.ts";
import { canarySchema, usualCanary } from "./canary-schema.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { isPercent } from "./percent.ts";
import { section } from "./section.ts";
import { abTestSchema, blueGreenSchema } from "./side-by-side-schema.ts";

const strategyRule =
  "rolling, recreate, blueGreen, canary or abTest, alone or with its fields, such as { rolling: { maxSurge: 1 } }";
const maxReplicas = 1000;

const defaultRolling = { kind: "rolling", maxSurge: 1, maxUnavailable: 0 } as const;

const rollingSchema = section(
  {
    maxSurge: amountSchema("25%", 9999).default(1),
    maxUnavailable: amountSchema("25%", 100).default(0),
    bake: duration({ least: "0s", most: "30d" }).default(0),
  },
  must("a mapping such as { maxSurge: 1, maxUnavailable: 0 }"),
).transform(({ bake, ...amounts }, context) => {
  const { maxSurge, maxUnavailable } = amounts;
  if (isNothing(maxSurge) && isNothing(maxUnavailable)) {
    context.addIssue({
      code: "custom",
      path: ["maxSurge"],
      message: must(
        `more than 0 while maxUnavailable is ${maxUnavailable}, or no replica could ever be replaced`,
        "raise one of the two",
      ),
    });
  }
  return { ...amounts, ...(bake === 0 ? {} : { bakeMs: bake }) };
});

const formsSchema = section(
  {
    rolling: rollingSchema.nullish(),
    recreate: section({}, must("an empty mapping")).nullish(),
    blueGreen: blueGreenSchema.nullish(),
    canary: canarySchema.nullish(),
    abTest: abTestSchema.optional(),
  },
  must(strategyRule),
)
  .refine((forms) => Object.keys(forms).length === 1, {
    error: must("exactly one strategy: rolling, recreate, blueGreen, canary or abTest"),
  })
  .transform((forms): Strategy => {
    if ("recreate" in forms) return { kind: "recreate" };
    if ("blueGreen" in forms) return forms.blueGreen ?? usualBlueGreen;
    if ("canary" in forms) return forms.canary ?? usualCanary;
    return forms.abTest ?? { ...defaultRolling, ...forms.rolling };
  });

const usualBlueGreen = blueGreenSchema.parse({});

const byName = {
  rolling: defaultRolling,
  recreate: { kind: "recreate" },
  blueGreen: usualBlueGreen,
  canary: usualCanary,
} as const satisfies Readonly<Record<string, Strategy>>;

const nameSchema = z
  .literal(["rolling", "recreate", "blueGreen", "canary"])
  .transform((kind): Strategy => byName[kind]);

/** `strategy`. */
export const strategySchema = z
  .union([nameSchema, formsSchema], { error: (issue) => must(strategyRule, hintFor(issue.input)) })
  .default(defaultRolling);

function amountSchema(example: string, mostPercent: number) {
  const be = `a whole number from 0 to ${maxReplicas} or a percentage such as "${example}"`;
  const error = must(mostPercent === 100 ? `${be}, at most "100%"` : be);
  return z.custom<Amount>(
    (value) =>
      isPercent(value) ? Number.parseInt(value, 10) <= mostPercent : isReplicaCount(value),
    { error },
  );
}

function isReplicaCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= maxReplicas;
}

function isNothing(amount: Amount): boolean {
  return Number.parseInt(String(amount), 10) === 0;
}

function hintFor(value: unknown): string | undefined {
  return value === "abTest" ? "abTest needs a match: { abTest: { match: [...] } }" : undefined;
}
