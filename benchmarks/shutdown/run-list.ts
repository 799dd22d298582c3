import { existsSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { lossClasses } from "./run-once.ts";

const count = z.number().int().nonnegative();
const noted = z.object({
  /** When it ended. */
  at: z.iso.datetime(),
  environment: z.string(),
  contender: z.string(),
  sent: count,
  lost: z.record(z.enum(lossClasses), count),
  exitSeconds: z.number().nullable(),
  exitCode: z.string().nullable(),
  answers: z.object({ a: count, b: count }),
  causes: z.record(z.string(), count),
  fault: z.string().nullable(),
  foreignCores: z.number(),
  lagMs: z.number(),
});

/** Clients further behind their schedule, ms, have met a machine with other things to do: such a run says nothing. */
const mostLagMs = 250;
/** The same where other processes used more of it, in cores: a proxy then finds healthy servers dead. */
const mostForeignCores = 0.5;

/** A run, and of what. */
export type NotedRun = z.infer<typeof noted>;

/** Why a run does not count, which says nothing of the contender; null: it counts. */
export function spoiltBy({ lagMs, fault, foreignCores }: NotedRun): string | null {
  if (fault !== null) return fault;
  if (foreignCores > mostForeignCores) {
    return `other processes used ${foreignCores.toFixed(1)} cores`;
  }
  if (lagMs <= mostLagMs) return null;
  return `the clients were ${Math.round(lagMs)} ms behind their schedule`;
}

/** The runs so far, a line of JSON for each in a file, so that a second call goes on. */
export class RunList {
  readonly #file: string;
  readonly #runs: NotedRun[];

  private constructor(file: string, runs: NotedRun[]) {
    this.#file = file;
    this.#runs = runs;
  }

  /** Throws when the file holds something else. */
  static async open(file: string): Promise<RunList> {
    await mkdir(dirname(file), { recursive: true });
    const text = existsSync(file) ? await readFile(file, "utf8") : "";
    const lines = text.split("\n").filter((line) => line !== "");
    return new RunList(
      file,
      lines.map((line) => noted.parse(JSON.parse(line))),
    );
  }

  /** Those that count. */
  of(environment: string, contender: string): readonly NotedRun[] {
    return this.#runs.filter(
      (run) =>
        run.environment === environment && run.contender === contender && spoiltBy(run) === null,
    );
  }

  /** Those that do not count. */
  spoilt(): readonly NotedRun[] {
    return this.#runs.filter((run) => spoiltBy(run) !== null);
  }

  async add(run: NotedRun): Promise<void> {
    this.#runs.push(run);
    await appendFile(this.#file, `${JSON.stringify(run)}\n`);
  }
}
