import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { AppSpec } from "@hitless/core";
import { progress } from "../output.ts";
import { type Place, stateOf } from "../place.ts";

/** A line for each folder in `persist` that begins empty although there is something beside the app file. */
export async function persistWarnings(place: Place, spec: AppSpec): Promise<readonly string[]> {
  const { artifact, content } = spec;
  // Without an artifact the app runs where it is, and finds what lies there.
  if (artifact.kind === "none") return [];
  const { persist } = await stateOf(place);
  const warnings: string[] = [];
  for (const name of content.run.persist) {
    const beside = resolve(place.appDir, artifact.dir, name);
    if (!(await holdsSomething(beside)) || (await exists(join(persist, name)))) continue;
    warnings.push(
      `persist ${name} starts empty: ${beside} is not copied (docs/app-file.md says how)`,
    );
  }
  return warnings;
}

/** Prints them. */
export async function warnOfPersist(place: Place, spec: AppSpec): Promise<void> {
  for (const warning of await persistWarnings(place, spec)) progress(`warning: ${warning}`);
}

async function holdsSomething(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length > 0;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
