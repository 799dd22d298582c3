import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ControllerClient } from "@hitless/controller";
import { HitlessError } from "@hitless/core";
import { locateState, type StateFolder } from "@hitless/local";
import { ownOrigin } from "./origin.ts";

/** The default name of the app file. */
const defaultAppFile = "hitless.yaml";

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
  const client = new ControllerClient(folder.sockets.control, ownOrigin());
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
