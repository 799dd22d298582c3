import { HitlessError } from "@hitless/core";
import type { PortRange } from "./port-pool.ts";

/** Reads `HITLESS_PORTS=a-b`, both ends included. Throws BAD_INPUT. */
export function parsePortRange(text: string): PortRange {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim()) ?? [];
  const range = { from: Number(from), to: Number(to) };
  if (range.from >= 1 && range.from <= range.to && range.to <= 65_535) return range;
  throw new HitlessError("BAD_INPUT", `HITLESS_PORTS is ${JSON.stringify(text)}`, {
    next: "Write it as two ports with a hyphen, the smaller one first: 20000-20099.",
  });
}
