import { setTimeout as after } from "node:timers/promises";
import type { LoadAction } from "@hitless/controller";
import type { HookResult } from "@hitless/core";
import { type PhaseReport, startLoad } from "@hitless/load";

/** Puts load on a port of this machine; aborted, it says what it has seen so far. */
export async function runLoad(
  load: LoadAction,
  port: number,
  signal: AbortSignal,
): Promise<HookResult> {
  const session = startLoad({
    url: `http://127.0.0.1:${port}`,
    rate: load.rate,
    expect: "any",
    paths: { get: load.path },
  });
  await after(load.forMs, null, { signal }).catch(() => undefined);
  const { total } = await session.stop();
  return verdictOf(load, total);
}

/** Holds what was seen against what the load allows. */
export function verdictOf(
  { lostAtMost, p95BelowMs }: Pick<LoadAction, "lostAtMost" | "p95BelowMs">,
  {
    sent,
    lost,
    latencyMs,
    examples,
  }: Pick<PhaseReport, "sent" | "lost" | "latencyMs" | "examples">,
): HookResult {
  const { p95 } = latencyMs;
  const answered = sent - lost;
  const first = examples[0] === undefined ? "" : `; the first: ${examples[0].detail}`;
  const faults = [
    ...(sent === 0 ? ["no request was sent"] : []),
    ...(lost > sent * lostAtMost ? [`more than ${percent(lostAtMost)} were lost${first}`] : []),
    ...(p95BelowMs !== null && (answered === 0 || p95 >= p95BelowMs)
      ? [`p95 is not below ${p95BelowMs} ms`]
      : []),
  ];
  const latency = answered === 0 ? "" : `, p95 ${Math.round(p95)} ms`;
  const seen = `${lost} of ${sent} requests lost${latency}`;
  if (faults.length === 0) return { outcome: "done", detail: seen };
  return { outcome: "failed", detail: `${seen}: ${faults.join(", and ")}` };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))} %`;
}
