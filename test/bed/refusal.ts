import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { type BadInput, goodAppFile } from "./bad-inputs.ts";
import { differences, snapshotOf } from "./folder-snapshot.ts";

/** One command that had to be refused, and what was wrong with the refusal: nothing, it is hoped. */
export interface Refusal {
  readonly what: string;
  readonly command: string;
  readonly faults: readonly string[];
  /** Paths that the refused command changed. */
  readonly changes: readonly string[];
}

/** Hands a bad input to each of the commands and looks at what they say, and at what they touch. */
export async function refusalsOf(
  bed: AppBed,
  input: BadInput,
  commands: readonly string[] = [],
): Promise<readonly Refusal[]> {
  const text = (input.file ?? ((good: string) => good))(goodAppFile(bed.port));
  await writeAppFile(bed, text);
  const refusals: Refusal[] = [];
  for (const command of commands) {
    const faultsOf = (result: CommandResult) => faultsIn(result, input, text ?? "");
    refusals.push(await refusalOf(bed, { what: input.what, command, faultsOf }));
  }
  await writeAppFile(bed, goodAppFile(bed.port));
  return refusals;
}

/** Runs one command and compares the whole folder before and after. */
export async function refusalOf(
  bed: AppBed,
  expected: {
    readonly what: string;
    readonly command: string;
    readonly faultsOf: (result: CommandResult) => readonly string[];
  },
): Promise<Refusal> {
  const { what, command, faultsOf } = expected;
  const before = await snapshotOf(bed.dir);
  const result = await bed.run(...command.split(" "));
  const changes = differences(before, await snapshotOf(bed.dir));
  return { what, command, faults: faultsOf(result), changes };
}

/** What an exit code and a message lack. */
export function lacking(
  result: CommandResult,
  exitCode: number,
  says: readonly string[],
): readonly string[] {
  const exit = result.code === exitCode ? [] : [`exit ${result.code}, wanted ${exitCode}`];
  const silent = says.filter((part) => !result.stderr.includes(part));
  const missing = silent.map((part) => `does not say ${JSON.stringify(part)}`);
  const all = [...exit, ...missing];
  return all.length === 0 ? [] : [...all, `it said: ${result.stdout}${result.stderr}`];
}

export async function writeAppFile(bed: AppBed, text: string | null): Promise<void> {
  const path = join(bed.dir, "hitless.yaml");
  if (text === null) await rm(path, { force: true });
  else await writeFile(path, text);
}

function faultsIn(result: CommandResult, input: BadInput, text: string): readonly string[] {
  const said = lacking(result, 2, [`error ${input.code}: `, ...input.says]);
  return [...said, ...misplaced(result.stderr, input, text)];
}

/** `file:line:column` must be there, and the fault must stand at that line and column. */
function misplaced(message: string, { at }: BadInput, text: string): readonly string[] {
  if (at === undefined) return [];
  const places = [...message.matchAll(/hitless\.yaml:(\d+):(\d+): /g)];
  if (places.length === 0) return [`names no line and column: ${message}`];
  const found = places.map(([, line, column]) =>
    (text.split("\n")[Number(line) - 1] ?? "").slice(Number(column) - 1),
  );
  const fits = found.some((rest) => rest.startsWith(at));
  return fits ? [] : [`points at ${found.map((f) => JSON.stringify(f)).join(", ")}, not at ${at}`];
}
