import { type LoadedAppFile, readAppFile } from "../app-file/read-app-file.ts";

export interface OverrideOptions {
  readonly set?: Readonly<Record<string, string>>;
  readonly unset?: readonly string[];
}

/** The app file with the overrides of before, less what is unset, plus what is set now. */
export async function requestedFile(
  appFile: string,
  before: Readonly<Record<string, string>>,
  options: OverrideOptions,
): Promise<{ readonly file: LoadedAppFile; readonly overrides: Readonly<Record<string, string>> }> {
  const gone = new Set(options.unset);
  const kept = Object.entries(before).filter(([key]) => !gone.has(key));
  const overrides = { ...Object.fromEntries(kept), ...options.set };
  return { file: await readAppFile(appFile, overrides), overrides };
}
