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
  lagMs: z.number(),
});

/** Clients further behind their schedule, ms, have met a machine with other things to do: such a run says nothing. */
const mostLagMs = 250;

/** A run, and of what. */
export type NotedRun = z.infer<typeof noted>;

/** Whether the machine had too much else to do meanwhile. */
export function isSpoilt({ lagMs }: NotedRun): boolean {
  return lagMs > mostLagMs;
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
      (run) => run.environment === environment && run.contender === contender && !isSpoilt(run),
    );
  }

  /** Those that do not count. */
  spoilt(): readonly NotedRun[] {
    return this.#runs.filter(isSpoilt);
  }

  async add(run: NotedRun): Promise<void> {
    this.#runs.push(run);
    await appendFile(this.#file, `${JSON.stringify(run)}\n`);
  }
}
