import type { Decision } from "../model/decision.ts";
import type { FakeEngine } from "./fake-engine.ts";
import type { TraceLine } from "./trace.ts";

/** A run that broke a rule; the message says which and what led there. */
export class SimulationFault extends Error {
  readonly broken: readonly string[];

  constructor(broken: readonly string[], story: string) {
    super([...broken, story].join("\n"));
    this.broken = broken;
  }
}

/** What led there, in lines: when, the last decision, the last steps. */
export function storyOf(
  engine: FakeEngine,
  decisions: readonly Decision[],
  trace: readonly TraceLine[],
): string {
  const last = decisions.at(-1);
  const lines = trace
    .slice(-25)
    .map((l) => `${l.at} ${l.available}/${l.total} ${JSON.stringify(l.levels)} ${l.decision}`);
  return [
    `at ${engine.elapsed} ms, last: ${last?.kind} ${JSON.stringify(last?.why)}`,
    ...lines,
  ].join("\n");
}
