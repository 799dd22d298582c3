import type { StatusReport } from "@hitless/controller";
import { HitlessError, type RevisionContent } from "@hitless/core";
import { type Place, withController } from "../place.ts";
import type { AppFacts } from "./costs.ts";

/** Taken for the start of a replica where none has been seen to start. */
const usualStartSeconds = 5;

/** What is planned. */
interface Planned {
  readonly content: Pick<RevisionContent, "resources">;
  readonly replicas: number;
  /** Requests per second to reckon with; undefined: what comes at present. */
  readonly rate: number | undefined;
}

/** What a plan reckons with: as the controller sees the app, or as is usual when none runs. */
export async function factsOf({ appFile }: Place, planned: Planned): Promise<AppFacts> {
  const { content, replicas, rate } = planned;
  const seen = seenIn(await statusOf(appFile));
  const { memoryBytes } = content.resources;
  return { replicas, memoryBytes, ...seen, ...(rate === undefined ? {} : { rate }) };
}

/** What a status says of an app; null: no controller runs. */
export function seenIn(
  status: Pick<StatusReport, "stable" | "replicas" | "revisions"> | null,
): Pick<AppFacts, "rate" | "startSeconds" | "startMeasured"> {
  const rates = (status?.revisions ?? []).flatMap(({ rps }) => (rps === null ? [] : [rps]));
  const rate = rates.length === 0 ? null : rates.reduce((sum, one) => sum + one, 0);
  const starts = (status?.replicas ?? [])
    .flatMap((replica) => startOf(replica, status?.stable ?? null))
    .sort((a, b) => a - b);
  const median = starts[Math.floor(starts.length / 2)];
  if (median === undefined) return { rate, startSeconds: usualStartSeconds, startMeasured: false };
  return { rate, startSeconds: median / 1000, startMeasured: true };
}

async function statusOf(appFile: string): Promise<StatusReport | null> {
  try {
    return await withController(appFile, (client) => client.status());
  } catch (thrown) {
    if (HitlessError.from(thrown).code === "NO_CONTROLLER") return null;
    throw thrown;
  }
}

function startOf(
  { revision, starts, startedAt, readySince }: StatusReport["replicas"][number],
  stable: number | null,
): readonly number[] {
  if (revision !== stable || starts !== 1 || startedAt === null || readySince === null) return [];
  return [Math.max(0, readySince - startedAt)];
}
