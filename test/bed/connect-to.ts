import { ControllerClient } from "@hitless/controller";
import type { AppBed } from "./app-bed.ts";
import { notedSockets } from "./noted-sockets.ts";

/** A client of the bed's controller in this process: for looks that a command is too slow for. */
export async function connectTo(bed: AppBed): Promise<ControllerClient> {
  return new ControllerClient((await notedSockets(bed)).control);
}
