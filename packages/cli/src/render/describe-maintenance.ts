import type { Maintenance } from "@hitless/core";
import { describeInstant } from "./describe-instant.ts";

/** A line while maintenance is on, what clients get included; none while it is off. */
export function maintenanceLines(maintenance: Maintenance | null): readonly string[] {
  if (maintenance === null) return [];
  const { by, since, holdMs, message } = maintenance;
  const held = holdMs === 0 ? "" : `wait up to ${holdMs / 1000} s, then `;
  const says = message === "" ? "" : `: ${message}`;
  return [
    `maintenance since ${describeInstant(since)}, on by ${by}: requests ${held}get a 503${says}`,
  ];
}
