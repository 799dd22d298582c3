import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ControllerClient } from "@hitless/controller";
import { HitlessError } from "@hitless/core";
import { controllerOf, locateState, type StateFolder, socketAnswers } from "@hitless/local";
import { ownOrigin } from "./origin.ts";

/** The default name of the app file. */
const defaultAppFile = "hitless.yaml";

/** How long the socket of a controller that runs may be away, ms: it looks every second. */
const socketIsBackMs = 5000;

/** Absolute path of the app file and of the folder it is in. */
export interface Place {
  readonly appFile: string;
  readonly appDir: string;
}

/** Where the app file of a command is. It need not exist: `down` works without it. */
export function placeOf(file: string | undefined): Place {
  const appFile = resolve(file ?? defaultAppFile);
  return { appFile, appDir: dirname(appFile) };
}

/** The state folder beside an app file. Throws FILE_NOT_FOUND when there is no such folder. */
export async function stateOf(place: Place): Promise<StateFolder> {
  const found = await stat(place.appDir).catch(() => null);
  if (found?.isDirectory()) return locateState(place.appDir);
  throw new HitlessError("FILE_NOT_FOUND", `${place.appDir} is not a folder`, {
    next: "Say where the app file is with -f.",
  });
}

/** Calls the controller of an app; the connection is closed afterwards. */
export async function withController<T>(
  file: string | undefined,
  work: (client: ControllerClient) => Promise<T>,
): Promise<T> {
  const folder = await stateOf(placeOf(file));
  await untilListening(folder);
  const client = new ControllerClient(folder.sockets.control, ownOrigin());
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A controller whose socket was removed makes it anew within a second or two. */
async function untilListening({ sockets, lock }: StateFolder): Promise<void> {
  const giveUp = performance.now() + socketIsBackMs;
  while (!(await socketAnswers(sockets.control))) {
    const controller = await controllerOf(lock);
    // Nobody is there: whoever calls is told so.
    if (controller === null) return;
    if (performance.now() > giveUp) {
      throw new HitlessError(
        "NO_CONTROLLER",
        `process ${controller.pid} is the controller, but nobody listens on its socket ${sockets.control}`,
        { next: "If that stays so, replace it: `hitless up --detach --take-over`." },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
