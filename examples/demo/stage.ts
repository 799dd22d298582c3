import type { LoadSession, PhaseReport } from "@hitless/load";
import type { AppBed, ShopAnswer } from "../../test/bed/app-bed.ts";
import { until } from "../../test/bed/app-bed.ts";
import { renewedReplicas, type Said } from "../../test/bed/renewed-replicas.ts";
import type { Lifelines } from "./lifelines.ts";
import type { Column } from "./table.ts";

/** What the phases play on; each leaves it as the next one finds it. */
export interface Stage {
  readonly bed: AppBed;
  readonly load: LoadSession;
  /** Name of the phase under way, as the load counts it. */
  phase: string;
  /** The replicas that serve, by their own answers. */
  replicas: readonly ShopAnswer[];
  /** What was up before the controller was killed; null until then. */
  before: Lifelines | null;
}

/** One act of the demo. `play` makes it happen, asserts that it did, and says what was seen. */
export interface Phase {
  readonly name: string;
  /** The app itself answers wrong in it: those answers are its own, and no losses of ours. */
  readonly ill?: boolean;
  play(stage: Stage): Promise<string>;
}

/** What is told, from a shop that serves to the last phase. */
export interface Story {
  /** Keys of the app file that differ from the shop's own. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly phases: readonly Phase[];
  /** Columns of its table behind the name of the phase. */
  readonly columns: readonly Column[];
}

/** Enough for a p99, and before it for a proxy and an app that have just started. */
const steadyRequests = 1200;

/** Played twice: the p99 that all others are held against is not to be one of cold processes. */
export async function steady(stage: Stage): Promise<string> {
  await until(
    () => (present(stage)?.sent ?? 0) >= steadyRequests,
    `${steadyRequests} requests were sent`,
  );
  return `${steadyRequests} requests sent to the first revision`;
}

/** Writes another version of the shop over the app's folder, in place. */
export async function overwrite({ bed }: Stage, version: string): Promise<void> {
  await bed.use(`shop/${version}`);
  await bed.edit({ version });
}

export async function renewed(stage: Stage, said: Said): Promise<string> {
  stage.replicas = await renewedReplicas(stage.bed, stage.replicas, said);
  return `${stage.replicas.length} new processes say ${said.version} and GREETING=${said.GREETING}`;
}

export function pidsOf(answers: readonly ShopAnswer[]): readonly number[] {
  return answers.map(({ pid }) => pid).sort((a, b) => a - b);
}

/** The phase under way so far; undefined before its first request. */
export function present({ load, phase }: Stage): PhaseReport | undefined {
  return load.snapshot().phases.find(({ name }) => name === phase);
}

/** Answers of a version in the present phase, as the load counted them. */
export function answersOf(stage: Stage, version: string): number {
  const entries = Object.entries(present(stage)?.answersBy ?? {});
  const pids = entries.filter(([who]) => who.startsWith(`${version}@`)).map(([, counts]) => counts);
  return pids.flatMap((counts) => Object.values(counts)).reduce((sum, n) => sum + n, 0);
}
