import {
  type App,
  type Engine,
  type EngineView,
  messageOf,
  type Observation,
  type Observed,
  type Release,
  type ReplicaView,
} from "@hitless/core";
import type { Outside } from "./outside.ts";
import type { SideTraffic } from "./side-traffic.ts";

/** How much of a failing replica's log is kept with a failure, lines. */
const evidenceLines = 20;
/** A replica that has been up for this long without being ready may become evidence, ms. */
const slowMs = 1000;

/** Reads through the ports what `next` asked for. No part throws: what cannot be read is unknown. */
export async function observeAll(
  engine: Engine,
  app: App,
  at: {
    readonly needs: readonly Observation[];
    readonly outside: Outside;
    readonly traffic: SideTraffic;
    readonly signal: AbortSignal;
  },
): Promise<Observed> {
  const view = await engine.observe(app, at.needs, at.signal);
  at.traffic.look(app, view, performance.now());
  return {
    ...view,
    schema: { kind: "unknown", reason: "this controller has no migrator", since: Date.now() },
    verdicts: {},
    ...at.outside.look(at.needs),
    rate: at.traffic.rate,
    lastLogLines: await linesOfFailing(engine, app, view),
  };
}

async function linesOfFailing(
  engine: Engine,
  app: App,
  view: EngineView,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { release } = app;
  if (release?.direction !== "forward" || view.replicas.kind === "unknown") return {};
  const canary = view.replicas.value.filter((r) => r.revision === release.to);
  const failing = canary.filter(isFailing);
  const named = failing.length === 0 && isDoubted(release) ? canary.slice(0, 1) : failing;
  const pairs = named.map(async (r) => [r.id, await lastLines(engine, r.id)] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

/** Ready, and perhaps bad: what it wrote last may say why. */
function isDoubted({ analysis = {} }: Release): boolean {
  return Object.values(analysis).some(({ verdict }) => verdict !== "successful");
}

function isFailing(replica: ReplicaView): boolean {
  if (replica.state === "failed" || replica.starts > 1) return true;
  const { startedAt } = replica;
  return replica.state === "starting" && startedAt !== null && Date.now() - startedAt > slowMs;
}

async function lastLines(engine: Engine, replica: string): Promise<readonly string[]> {
  const query = { revision: null, replica, since: null, tail: evidenceLines, follow: false };
  const lines: string[] = [];
  try {
    for await (const line of engine.logs(query, AbortSignal.timeout(1000))) lines.push(line.text);
  } catch (thrown) {
    lines.push(`(the log cannot be read: ${messageOf(thrown)})`);
  }
  return lines;
}
