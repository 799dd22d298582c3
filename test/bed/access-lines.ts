import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AppBed } from "./app-bed.ts";

/** A request that went wrong, as the proxy's access log tells it. */
export interface AccessFailure {
  /** Whose replica was asked last; null: none was. */
  readonly revision: number | null;
  readonly status: number | null;
  readonly reason: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Requests that did not get a whole answer below 500, by the access log of a bed. */
export async function accessFailures(bed: AppBed): Promise<readonly AccessFailure[]> {
  const text = await readFile(join(bed.dir, ".hitless/proxy/access.log"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const { revision, status, reason, time }: AccessFields = JSON.parse(line);
    if (reason === null && status !== null && status < 500) return [];
    return [{ revision, status, reason, at: Date.parse(time) }];
  });
}

interface AccessFields extends Omit<AccessFailure, "at"> {
  readonly time: string;
}
