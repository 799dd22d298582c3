import { z } from "zod";
import type { Resources } from "../model/revision.ts";
import { must } from "./expectation.ts";
import { parseBytes, parseCores } from "./quantity.ts";
import { section } from "./section.ts";

const mebibyte = 2 ** 20;
const memoryRule = "an amount of memory of at least 1Mi, such as 256Mi or 1Gi";
const cpuRule = "a number of cores of at least 1m, such as 500m, 0.5 or 2";

const memorySchema = quantity({
  parse: parseBytes,
  least: mebibyte,
  error: (value) => must(memoryRule, memoryHint(value)),
});

const cpuSchema = quantity({ parse: parseCores, least: 0.001, error: () => must(cpuRule) });

/** `resources`: limits of each replica; null is unlimited. */
export const resourcesSchema = section(
  { memory: memorySchema.nullish(), cpu: cpuSchema.nullish() },
  must("a mapping such as { memory: 256Mi, cpu: 500m }"),
)
  .nullish()
  .transform(
    (limits): Resources => ({ memoryBytes: limits?.memory ?? null, cpu: limits?.cpu ?? null }),
  );

interface QuantityRule {
  readonly parse: (quantity: string | number) => number | null;
  readonly least: number;
  readonly error: (value: unknown) => string;
}

function quantity({ parse, least, error }: QuantityRule) {
  return z
    .union([z.string(), z.number()], { error: (issue) => error(issue.input) })
    .transform((raw, context) => {
      const amount = parse(raw);
      if (amount !== null && amount >= least) return amount;
      context.issues.push({ code: "custom", message: error(raw), input: raw });
      return z.NEVER;
    });
}

/** Kubernetes reads `400m` as 0.4 bytes, which nobody means. */
function memoryHint(value: unknown): string | undefined {
  const milli = typeof value === "string" ? /^(\d+)m$/u.exec(value)?.[1] : undefined;
  return milli === undefined ? undefined : `m stands for a thousandth; did you mean ${milli}Mi?`;
}
