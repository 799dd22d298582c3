import { type App, HitlessError } from "@hitless/core";
import { type LoadedAppFile, type Overrides, readAppFile } from "../app-file/read-app-file.ts";

export interface OverrideOptions {
  readonly set?: Overrides;
  readonly unset?: readonly string[];
}

/** What is known of an app that has values over its file. */
type Known = Pick<App, "overrides" | "desired">;

interface RequestedFile {
  readonly file: LoadedAppFile;
  readonly overrides: Overrides;
  /** The number of replicas that `scale` set is given back to the file. */
  readonly replicasFromFile: boolean;
}

/**
 * The app file with the overrides of before, less what is unset, plus what is set now. Throws
 * BAD_INPUT for an `--unset` of what is not set.
 */
export async function requestedFile(
  appFile: string,
  known: Known | null,
  { set, unset = [] }: OverrideOptions,
): Promise<RequestedFile> {
  const before = known?.overrides ?? {};
  const scaled = known !== null && isScaled(known);
  refuseUnset(unset, [...new Set([...Object.keys(before), ...(scaled ? ["replicas"] : [])])]);
  const kept = Object.entries(before).filter(([key]) => !unset.includes(key));
  const overrides = { ...Object.fromEntries(kept), ...set };
  const replicasFromFile = scaled && unset.includes("replicas");
  return { file: await readAppFile(appFile, overrides), overrides, replicasFromFile };
}

/** Whether another number of replicas is wanted than the file says. */
export function isScaled({ desired }: Pick<App, "desired">): boolean {
  return desired.replicas !== desired.fileReplicas;
}

function refuseUnset(unset: readonly string[], set: readonly string[]): void {
  const unknown = unset.find((key) => !set.includes(key));
  if (unknown === undefined) return;
  throw new HitlessError("BAD_INPUT", `--unset ${unknown}: nothing is set there over the file`, {
    next: set.length === 0 ? "Nothing is set over the file." : `Set over it: ${set.join(", ")}.`,
  });
}
