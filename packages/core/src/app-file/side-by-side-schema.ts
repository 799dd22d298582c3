import type { z } from "zod";
import type { Hook } from "../model/hook.ts";
import type { SideBySide, Strategy } from "../model/strategy.ts";
import { duration } from "./duration-schema.ts";
import { must } from "./expectation.ts";
import { checksSchema, holdsSchema } from "./hold-schema.ts";
import { matchesSchema, overrideSchema } from "./match-schema.ts";
import { section } from "./section.ts";
import { portNumber } from "./whole-number.ts";

const times = { least: "0s", most: "30d" };
const minute = 60_000;

/** What all strategies take that have both sides run at once. */
export const sideBySideKeys = {
  bake: duration(times).default(minute),
  keepWarm: duration(times).optional(),
  preview: section({ port: portNumber() }, must("a mapping such as { port: 8081 }")).optional(),
  override: overrideSchema.optional(),
};

interface WrittenSides {
  readonly bake: number;
  readonly keepWarm?: number | undefined;
  readonly preview?: { readonly port: number } | undefined;
  readonly override?: SideBySide["override"] | null | undefined;
}

/** The same as the strategies have it. */
export function sideBySideOf(
  { bake, keepWarm, preview, override }: WrittenSides,
  usual: Pick<SideBySide, "keepWarmMs" | "override"> = {},
): SideBySide {
  const keepWarmMs = keepWarm ?? usual.keepWarmMs ?? 0;
  const chosen = override === undefined ? usual.override : override;
  return {
    bakeMs: bake,
    ...(keepWarmMs === 0 ? {} : { keepWarmMs }),
    ...(preview === undefined ? {} : { preview: preview.port }),
    ...(chosen === undefined || chosen === null ? {} : { override: chosen }),
  };
}

/** A load needs an address to go to. For a `transform`: what was refused inside has no hooks. */
export function needPreview(
  hooks: readonly Hook[],
  preview: WrittenSides["preview"],
  context: z.core.$RefinementCtx,
): void {
  if (preview !== undefined || !hooks.some(({ action }) => action.kind === "load")) return;
  const message = must("declared for the load to go to, such as { port: 8081 }");
  context.addIssue({ code: "custom", path: ["preview"], message });
}

type BlueGreen = Extract<Strategy, { kind: "blueGreen" }>;
type AbTest = Extract<Strategy, { kind: "abTest" }>;

/** `strategy.blueGreen`. */
export const blueGreenSchema = section(
  { ...sideBySideKeys, checks: checksSchema.default({ before: [], hold: [] }) },
  must("a mapping such as { bake: 5m, keepWarm: 10m, preview: { port: 8081 } }"),
).transform(({ checks: { before, hold }, ...sides }, context): BlueGreen => {
  needPreview(before, sides.preview, context);
  return {
    kind: "blueGreen",
    ...(before.length === 0 ? {} : { before }),
    checks: hold,
    ...sideBySideOf(sides, { keepWarmMs: 10 * minute }),
  };
});

/** `strategy.abTest`. Without `until` a person decides. */
export const abTestSchema = section(
  {
    ...sideBySideKeys,
    match: matchesSchema,
    until: holdsSchema()
      .refine((holds) => holds.length > 0, { error: must("a list with something to wait for") })
      .default([{ kind: "approval" }]),
  },
  must("a mapping such as { match: [{ header: x-variant, value: b }] }"),
).transform(
  ({ match, until, ...sides }): AbTest => ({
    kind: "abTest",
    matches: match,
    until,
    ...sideBySideOf(sides, { override: { header: "x-canary" } }),
  }),
);
