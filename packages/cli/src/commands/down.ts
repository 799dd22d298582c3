import { HitlessError } from "@hitless/core";
import {
  controllerOf,
  isAlive,
  isNamedIn,
  isSameIdentity,
  type ProcessIdentity,
  type StateFolder,
} from "@hitless/local";
import { Command } from "commander";
import { type FileOption, withFile } from "../options.ts";
import { whoAsks } from "../origin.ts";
import { progress } from "../output.ts";
import { placeOf, stateOf, withController } from "../place.ts";

const lookEveryMs = 50;

/** A controller gives its lock back last. One that was killed or replaced meanwhile has not. */
async function refuseUnfinished(folder: StateFolder, asked: ProcessIdentity): Promise<void> {
  const present = await controllerOf(folder.lock);
  if (present !== null && !isSameIdentity(present, asked)) {
    throw new HitlessError(
      "CONTROLLER_RUNNING",
      `process ${present.pid} took over from controller ${asked.pid} and keeps everything running`,
      { next: "Say `hitless down` again." },
    );
  }
  if (!(await isNamedIn(folder.lock, asked))) return;
  throw new HitlessError(
    "NO_CONTROLLER",
    `controller ${asked.pid} died before everything was stopped`,
    { next: "Replicas or the proxy may be left: `hitless up --detach`, then `hitless down`." },
  );
}

/** `hitless down` */
export function downCommand(): Command {
  const command = new Command("down").description(
    "Drain and stop everything: replicas, proxy, controller.",
  );
  return withFile(command).action(async (options: FileOption) => {
    const folder = await stateOf(placeOf(options.file));
    const controller = await controllerOf(folder.lock);
    if (controller === null) {
      throw new HitlessError("NO_CONTROLLER", `no controller runs in ${folder.appDir}`, {
        next: "If replicas are left over from one that was killed: `hitless up --detach`, then `hitless down`.",
      });
    }
    const { release } = await withController(options.file, async (client) => {
      const status = await client.status();
      await client.down({ by: whoAsks() });
      return status;
    });
    progress("draining and stopping everything");
    if (release !== null) {
      const { id, to } = release;
      progress(
        `release ${id} to revision ${to} is interrupted: it goes on at the next \`hitless up\``,
      );
    }
    // The process, not its lock, which it gives back a moment before it ends.
    while (isAlive(controller)) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    await refuseUnfinished(folder, controller);
  });
}
