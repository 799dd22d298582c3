import type { AppBed } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";

/**
 * When the controller heard of the last command, ms since the epoch, by its audit log: how long the
 * command's own process took to start is the machine's affair.
 */
export async function heardAt(bed: AppBed): Promise<number> {
  const client = await connectTo(bed);
  const { entries } = await client.audit();
  await client.close();
  return entries.at(-1)?.at ?? Number.NaN;
}
