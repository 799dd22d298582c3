import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ControlOptions, type ControlReport, runControl } from "@hitless/load";
import { parse } from "yaml";
import type { AppBed } from "./app-bed.ts";

/** The load as in the run that is to be judged; the rest as `runControl` takes it. */
export type SwapOptions = Pick<ControlOptions, "load" | "phaseMs" | "signal">;

/** What of an app file a start by hand needs. */
interface Startable {
  readonly run: string | readonly string[];
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * The control of a run: the bed's own app, from its own folder and with its own config, killed and
 * started again without Hitless. What this loses shows that the instrument can see.
 */
export async function naiveSwap(bed: AppBed, options: SwapOptions): Promise<ControlReport> {
  const file: Startable = parse(await readFile(join(bed.dir, "hitless.yaml"), "utf8"));
  return await runControl({
    ...options,
    command: file.run,
    cwd: bed.dir,
    ...(file.config === undefined ? {} : { env: file.config }),
  });
}
