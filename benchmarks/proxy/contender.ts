import { spawn } from "node:child_process";
import { accepts } from "@hitless/load";
import { freePort, until } from "../../test/bed/app-bed.ts";
import type { ShapeName } from "./shapes.ts";

/** One proxy that runs between the clients and the app. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** Its processes are this one and all that descend from it. */
  readonly pid: number;
  /** The only shapes that it is measured with; by default all. */
  readonly only?: readonly ShapeName[];
}

/** Where a rival runs, and what it forwards to. */
export interface Seat {
  /** Its own folder: the process ends with it. */
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
}

/** A proxy that is not ours. */
export interface Rival {
  readonly name: string;
  /** Which of what it needs is missing, and how to get it; null: nothing. */
  readonly missing: string | null;
  /** The only shapes that it is measured with; by default all. */
  readonly only?: readonly ShapeName[];
  /** Prepares its folder; returns the command that runs it in the foreground. */
  readonly prepare: (seat: Seat) => Promise<readonly string[]>;
}

/** Starts a rival in a folder of its own; resolves when it accepts connections. */
export async function startRival(
  { name, only, prepare }: Rival,
  at: Omit<Seat, "port">,
): Promise<Contender> {
  const port = await freePort();
  const [command = "", ...args] = await prepare({ ...at, port });
  const child = spawn(command, args, { cwd: at.folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text) => (said += String(text)));
  let ended = "";
  child.once("error", (error) => (ended = String(error)));
  child.once("exit", (code, signal) => (ended = `ended with ${code ?? signal}: ${said}`));
  await until(async () => {
    if (ended !== "") throw new Error(`${name} ${ended}`);
    return await accepts({ host: "127.0.0.1", port });
  }, `${name} accepts connections on port ${port}`);
  return { name, port, pid: child.pid ?? 0, ...(only === undefined ? {} : { only }) };
}
