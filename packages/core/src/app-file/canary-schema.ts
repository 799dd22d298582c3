import { z } from "zod";
import type { CanaryStep, Strategy } from "../model/strategy.ts";
import { namedApart } from "../strategies/named-apart.ts";
import { must } from "./expectation.ts";
import { holdKeys, holdsOf } from "./hold-schema.ts";
import { hookKeys, hookOf, namesHook } from "./hooks-schema.ts";
import { isTenth, stickySchema } from "./match-schema.ts";
import { section } from "./section.ts";
import { needPreview, sideBySideKeys, sideBySideOf } from "./side-by-side-schema.ts";
import { wholeNumber } from "./whole-number.ts";

type Canary = Extract<Strategy, { kind: "canary" }>;

const weightRule = "a percentage from 0 to 100 in steps of 0.1, such as 5";
const mostSteps = 200;

const weight = z
  .number({ error: ({ input }) => must(weightRule, weightHint(input)) })
  .refine(isWeight, { error: must(weightRule) });

function isWeight(n: number): boolean {
  return n >= 0 && n <= 100 && isTenth(n);
}

/** Shares elsewhere in the file are written with a %. */
function weightHint(value: unknown): string | undefined {
  const found =
    typeof value === "string" ? /^(\d{1,3}(?:\.\d)?) ?%?$/u.exec(value)?.[1] : undefined;
  return found !== undefined && isWeight(Number(found)) ? `write ${Number(found)}` : undefined;
}

const itemRule = must(
  "approval, or a mapping with one or more of weight, replicas, pause, analysis, requests and approval, or a hook, such as { weight: 5, analysis: 60s }",
);

const itemSchema = section(
  {
    weight: weight.optional(),
    replicas: wholeNumber(1, 1000).optional(),
    ...holdKeys,
    ...hookKeys,
  },
  itemRule,
).transform((written, context) => {
  const { weight, replicas, pause, analysis, requests, approval } = written;
  const hook = namesHook(written) ? hookOf(written, context) : null;
  return { weight, replicas, pause, analysis, requests, approval, hook };
});

type Item = z.output<typeof itemSchema>;

const stepsRule = must(
  `a list such as [{ weight: 5 }, { analysis: 60s }], of at most ${mostSteps}`,
);

const stepsSchema = z
  .array(
    z.union([z.literal("approval").transform(approvalItem), itemSchema], { error: itemRule }),
    { error: stepsRule },
  )
  .min(1, { error: stepsRule })
  .max(mostSteps, { error: stepsRule })
  .superRefine(checkOrder)
  .transform(stepsOf);

function approvalItem(): Item {
  const none = { weight: undefined, replicas: undefined, pause: undefined, analysis: undefined };
  return { ...none, requests: undefined, approval: true, hook: null };
}

/** Three looks at growing shares, each for a minute. */
const usualSteps: readonly CanaryStep[] = [5, 20, 50].map((share) => ({
  weight: share,
  replicas: null,
  hold: [{ kind: "analysis", ms: 60_000 }],
}));

/** `strategy.canary`. */
export const canarySchema = section(
  {
    ...sideBySideKeys,
    steps: stepsSchema.default([...usualSteps]),
    sticky: stickySchema.optional(),
    split: z
      .literal(["weight", "replicas"], { error: must("weight or replicas") })
      .default("weight"),
  },
  must(
    "a mapping such as { steps: [{ weight: 5 }, { analysis: 60s }, { weight: 50 }, { pause: 5m }] }",
  ),
)
  .superRefine(({ split, sticky, override, preview, keepWarm = 0 }, context) => {
    if (split !== "replicas") return;
    const needless = { sticky, override, preview, keepWarm: keepWarm > 0 ? keepWarm : undefined };
    for (const [key, value] of Object.entries(needless)) {
      if (value === undefined || value === null) continue;
      const message = must(
        "left out where the replicas alone split the requests",
        "leave it out, or write split: weight",
      );
      context.addIssue({ code: "custom", path: [key], message });
    }
  })
  .transform(({ steps, sticky = null, split, ...sides }, context): Canary => {
    const hooks = steps.flatMap(({ before = [] }) => before);
    needPreview(hooks, sides.preview, context);
    return {
      kind: "canary",
      steps,
      sticky,
      ...(split === "replicas" ? { byReplica: true } : {}),
      ...sideBySideOf(sides),
    };
  });

/** The canary with its usual steps. */
export const usualCanary: Canary = {
  kind: "canary",
  steps: usualSteps,
  sticky: null,
  bakeMs: 60_000,
};

type Context = z.core.$RefinementCtx<Item[]>;

/** Weights grow, from the first item on, up to 100 at most; what follows belongs to the last of them. */
function checkOrder(items: Item[], context: Context): void {
  let last: number | null = null;
  for (const [i, item] of items.entries()) {
    for (const [key, be] of Object.entries(misplaced(item, last))) {
      const path = key === "item" ? [i] : [i, key];
      context.addIssue({ code: "custom", path, message: must(be) });
    }
    last = item.weight ?? last;
  }
}

/** What an item must be that comes after that weight (null: it is the first), by the key that is wrong. */
function misplaced(item: Item, last: number | null): Readonly<Record<string, string>> {
  const { weight: own, analysis, requests } = item;
  if (own === undefined && last === null) {
    return { item: "a mapping with a weight: the first step says how much the new side gets" };
  }
  if (own !== undefined && last !== null && own <= last) {
    const all = "left out: the step before has all requests already";
    return { weight: last === 100 ? all : `more than ${last}, which the step before has` };
  }
  if ((own ?? last) !== 0) return {};
  const tooSoon = "left out at weight 0: the new side gets no requests yet";
  return {
    ...(analysis === undefined ? {} : { analysis: tooSoon }),
    ...(requests === undefined ? {} : { requests: tooSoon }),
  };
}

/** A weight begins a step; what is written until the next weight belongs to it. */
function stepsOf(items: readonly Item[]): readonly CanaryStep[] {
  const steps: CanaryStep[] = [];
  for (const item of items) {
    const last = steps.at(-1);
    const begun: CanaryStep | undefined =
      item.weight === undefined ? last : { weight: item.weight, replicas: null, hold: [] };
    if (begun === undefined) continue;
    const replicas =
      item.replicas === undefined ? begun.replicas : ({ kind: "fixed", n: item.replicas } as const);
    const before = namedApart([
      ...(begun.before ?? []),
      ...(item.hook === null ? [] : [item.hook]),
    ]);
    const step = {
      ...begun,
      replicas,
      ...(before.length === 0 ? {} : { before }),
      hold: [...begun.hold, ...holdsOf(item)],
    };
    steps.splice(item.weight === undefined ? -1 : steps.length, 1, step);
  }
  return steps;
}
