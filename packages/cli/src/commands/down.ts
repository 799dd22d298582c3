import { HitlessError } from "@hitless/core";
import { controllerOf, isAlive } from "@hitless/local";
import { Command } from "commander";
import { type FileOption, withFile } from "../options.ts";
import { whoAsks } from "../origin.ts";
import { progress } from "../output.ts";
import { placeOf, stateOf, withController } from "../place.ts";

const lookEveryMs = 50;

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
    await withController(options.file, (client) => client.down({ by: whoAsks() }));
    progress("draining and stopping everything");
    // The process, not its lock, which it gives back a moment before it ends.
    while (isAlive(controller)) {
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  });
}
