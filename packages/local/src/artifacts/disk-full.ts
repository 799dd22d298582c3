import { HitlessError } from "@hitless/core";
import { hasErrno } from "../state/atomic-file.ts";

/** Runs `work`; no space left, or a quota used up, becomes `REFUSED` with the folder that needs it. */
export async function explainDiskFull<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasErrno(error, "ENOSPC", "EDQUOT")) throw error;
    throw diskFull(folder, error);
  }
}

function diskFull(folder: string, cause: unknown): HitlessError {
  return new HitlessError("REFUSED", `no space left on the disk of ${folder}`, {
    next: "free space there, or keep fewer revisions, then try again; nothing half-made was left",
    cause,
  });
}
