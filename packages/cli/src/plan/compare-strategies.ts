import { compile, parseAppFile, type Settings, type Strategy } from "@hitless/core";
import { z } from "zod";
import { type AppFacts, costsOf, type PlanCosts } from "./costs.ts";

type Kind = Strategy["kind"];

/** What a strategy would cost an app. */
export interface StrategyRow extends PlanCosts {
  readonly strategy: Kind;
  /** It is the one of the app file, with its fields; the others are as they are by default. */
  readonly declared: boolean;
}

/** Which strategy fits what somebody wants. */
export interface ScenarioRow {
  readonly scenario: string;
  readonly strategy: Kind;
}

export interface Comparison {
  readonly facts: AppFacts;
  readonly strategies: readonly StrategyRow[];
  readonly scenarios: readonly ScenarioRow[];
}

/** As they are written, with nothing said that has a default. */
const usual: Readonly<Record<Kind, unknown>> = {
  rolling: "rolling",
  blueGreen: "blueGreen",
  canary: "canary",
  abTest: { abTest: { match: [{ header: "x-variant", value: "b" }] } },
  recreate: "recreate",
};
const kinds: readonly Kind[] = ["rolling", "blueGreen", "canary", "abTest", "recreate"];

const scenarios: readonly ScenarioRow[] = [
  { scenario: "a usual update, and replicas cost money", strategy: "rolling" },
  { scenario: "a critical path: back at once", strategy: "blueGreen" },
  { scenario: "a risky change: few meet it first", strategy: "canary" },
  { scenario: "an experiment on some users", strategy: "abTest" },
];

const mapping = z.looseObject({ analysis: z.unknown().optional() });

/** Compares what each strategy would cost the app of this file. `raw`: the file as it was decoded. */
export function compareStrategies(raw: unknown, facts: AppFacts): Comparison {
  const own = settingsOf(raw)?.strategy.kind;
  const strategies = kinds.flatMap((strategy): readonly StrategyRow[] => {
    const declared = strategy === own;
    const written = mapping.parse(raw);
    const file = declared ? written : { ...written, strategy: usual[strategy] };
    const { analysis: _, ...unwatched } = file;
    // Metrics that compare with stable fit no strategy that never has both sides serve.
    const settings = settingsOf(file) ?? settingsOf(unwatched);
    if (settings === null) return [];
    const plan = compile(settings, { from: 1, warm: false });
    return [{ strategy, declared, ...costsOf(plan, facts) }];
  });
  return { facts, strategies, scenarios };
}

function settingsOf(raw: unknown): Settings | null {
  const parsed = parseAppFile(raw);
  return parsed.kind === "ok" ? parsed.spec.settings : null;
}
