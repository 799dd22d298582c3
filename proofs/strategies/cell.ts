import type { ControllerClient } from "@hitless/controller";
import { AppBed, type BedOptions } from "../../test/bed/app-bed.ts";
import { connectTo } from "../../test/bed/connect-to.ts";
import { type Group, GroupedLoad } from "../../test/bed/grouped-load.ts";
import { getAndPost } from "./courses.ts";

/** What one cell of the matrix came to. */
export interface CellResult {
  readonly name: string;
  readonly sent: number;
  /** Lost ones that count: on stable, or after the way back. */
  readonly lost: number;
  /** What a bad version itself broke, on its share. */
  readonly own: number;
  readonly faults: readonly string[];
  /** One line for people. */
  readonly text: string;
}

/** What a cell works with. */
export interface Parts {
  readonly bed: AppBed;
  readonly client: ControllerClient;
  readonly load: GroupedLoad;
}

/** An app that runs, under load from all its groups of clients. */
export async function inCell(
  app: BedOptions,
  groups: readonly Group[],
  work: (parts: Parts) => Promise<CellResult>,
): Promise<CellResult> {
  await using bed = await AppBed.make(app);
  await bed.must(0, "up", "--detach");
  const client = await connectTo(bed);
  const load = new GroupedLoad(bed.url, groups, getAndPost);
  try {
    return await work({ bed, client, load });
  } finally {
    await load.stop();
    await client.close();
  }
}
