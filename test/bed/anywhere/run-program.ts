import { execFile } from "node:child_process";

export interface ProgramRun {
  /** null: it did not end by itself. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From before it was started until it had ended. */
  readonly ms: number;
}

export interface ProgramPlace {
  readonly cwd: string;
  /** Over the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

const timeout = 300_000;
/** What the user's own settings would have the programs say or load. */
const quiet = { NODE_OPTIONS: "", NO_COLOR: "1", FORCE_COLOR: "0" };

/** Runs a program to its end; rejects when there is no such program. */
export function runProgram(command: readonly string[], place: ProgramPlace): Promise<ProgramRun> {
  const [file = "", ...args] = command;
  const env = { ...process.env, ...quiet, ...place.env };
  const began = performance.now();
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { cwd: place.cwd, env, timeout, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const ms = performance.now() - began;
        const code = error === null ? 0 : error.code;
        if (typeof code === "string")
          reject(new Error(`cannot run ${file}: ${code}`, { cause: error }));
        else resolve({ code: code ?? null, stdout, stderr, ms });
      },
    );
  });
}

/** What it printed, each line as JSON. */
export function jsonLinesOf({ stdout }: Pick<ProgramRun, "stdout">): readonly unknown[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line): unknown => JSON.parse(line));
}
