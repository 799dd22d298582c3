import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { AppBed } from "./app-bed.ts";

const note = z.object({ control: z.string(), proxy: z.string() });

/** Where the bed's state folder says that its sockets are. */
export async function notedSockets(
  bed: AppBed,
): Promise<{ readonly control: string; readonly proxy: string }> {
  const text = await readFile(join(bed.dir, ".hitless", "sockets.json"), "utf8");
  return note.parse(JSON.parse(text));
}
