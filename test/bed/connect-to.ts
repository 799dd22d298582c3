import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ControllerClient } from "@hitless/controller";
import { z } from "zod";
import type { AppBed } from "./app-bed.ts";

const socketsFile = z.object({ control: z.string() });

/** A client of the bed's controller in this process: for looks that a command is too slow for. */
export async function connectTo(bed: AppBed): Promise<ControllerClient> {
  const text = await readFile(join(bed.dir, ".hitless", "sockets.json"), "utf8");
  return new ControllerClient(socketsFile.parse(JSON.parse(text)).control);
}
