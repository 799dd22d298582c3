import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { appEventShape, auditEntryShape, HitlessError, releaseRecordShape } from "@hitless/core";
import type { z } from "zod";
import { LineLog } from "../state/line-log.ts";
import { mendState, stateFiles } from "../state/mend-state.ts";
import { locateState, type StateFolder } from "../state/state-folder.ts";
import type { VersionedFile } from "../state/versioned-file.ts";

/** What came of cutting files. */
export interface CutReport {
  readonly files: number;
  readonly cuts: number;
  readonly faults: readonly string[];
}

/**
 * Cuts every state file of an app at every byte (or every `step`-th), alone and together with its
 * copy: alone it has to change nothing, together it has to be refused by name; a line of a log that
 * is cut has to be told. The folder is mended first and is afterwards as it was.
 */
export async function cutEverywhere(appDir: string, step = 1): Promise<CutReport> {
  const folder = await locateState(appDir);
  await mendState(folder);
  const faults: string[] = [];
  let cuts = 0;
  // Notes of hooks and of notices are there only where an app has any.
  const files = (await stateFiles(folder)).filter(({ path }) => existsSync(path));
  for (const file of files) cuts += await cutFile(file, step, faults);
  for (const log of logsOf(folder)) cuts += await cutLog(log, { folder, step }, faults);
  return { files: 2 * files.length + logsOf(folder).length, cuts, faults };
}

async function cutFile(
  file: VersionedFile<unknown>,
  step: number,
  faults: string[],
): Promise<number> {
  const before = await file.read();
  const whole = readFileSync(file.path);
  let cuts = 0;
  for (const torn of [[file.path], [file.copyPath], [file.path, file.copyPath]]) {
    // Without its last byte, the newline, it is still whole.
    for (let length = 0; length < whole.length - 1; length += step) {
      for (const path of torn) writeFileSync(path, whole.subarray(0, length));
      const fault = await faultOf(file, torn.length === 2 ? "refused" : before);
      if (fault !== null) faults.push(`${torn.join(" and ")} cut at ${length}: ${fault}`);
      cuts += 1;
    }
    for (const path of torn) writeFileSync(path, whole);
  }
  return cuts;
}

async function faultOf(file: VersionedFile<unknown>, wanted: unknown): Promise<string | null> {
  try {
    const read = await file.read();
    return isDeepStrictEqual(read, wanted) ? null : `read ${JSON.stringify(read)?.slice(0, 80)}`;
  } catch (thrown) {
    const { code, message } = HitlessError.from(thrown);
    const named = code === "STATE_UNREADABLE" && message.includes(file.path);
    return wanted === "refused" && named ? null : `${code}: ${message}`;
  }
}

interface Log {
  readonly path: string;
  readonly shape: z.ZodType;
}

function logsOf({ history, events, audit }: StateFolder): readonly Log[] {
  return [
    { path: history, shape: releaseRecordShape },
    { path: events, shape: appEventShape },
    { path: audit, shape: auditEntryShape },
  ];
}

async function cutLog(
  { path, shape }: Log,
  { folder, step }: { readonly folder: StateFolder; readonly step: number },
  faults: string[],
): Promise<number> {
  const whole = readFileSync(path);
  const before = await new LineLog(path, shape).read();
  let cuts = 0;
  for (let length = 0; length < whole.length; length += step) {
    writeFileSync(path, whole.subarray(0, length));
    const { values, damage } = await new LineLog(path, shape).examine();
    const lines = whole.subarray(0, length).toString("latin1").split("\n");
    // A line that lacks only its newline is whole.
    const full = lines.length - 1 + (whole[length] === 0x0a && lines.at(-1) !== "" ? 1 : 0);
    const torn = full < lines.length && lines.at(-1) !== "";
    const right = isDeepStrictEqual(values, before.slice(0, full));
    if (!right || damage.length !== (torn ? 1 : 0)) {
      faults.push(`${path} cut at ${length}: ${values.length} lines, said ${damage.join("; ")}`);
    }
    if (path === folder.history) faults.push(...(await untold(folder, before.length - full)));
    cuts += 1;
  }
  writeFileSync(path, whole);
  return cuts;
}

/** Rows that are gone have to be told, wherever the cut was. */
async function untold(folder: StateFolder, gone: number): Promise<readonly string[]> {
  const said = (await mendState(folder)).some((text) => text.includes("releases that have ended"));
  return said === gone > 0 ? [] : [`${gone} rows are gone, said: ${said}`];
}
