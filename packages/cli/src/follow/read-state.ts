import type { ControllerClient } from "@hitless/controller";
import { HitlessError, type ReleaseStore } from "@hitless/core";
import { openStores } from "../compose.ts";
import { progress } from "../output.ts";
import { placeOf, withController } from "../place.ts";

/** The same answer from a controller and from what it has left on disk. */
interface Source<T> {
  readonly asked: (client: ControllerClient) => Promise<T>;
  readonly stored: (store: ReleaseStore) => Promise<T>;
}

/** Asks the controller; when none runs, reads the state folder and says so. Throws NO_CONTROLLER when there is neither. */
export async function readState<T>(file: string | undefined, source: Source<T>): Promise<T> {
  try {
    return await withController(file, source.asked);
  } catch (thrown) {
    const error = HitlessError.from(thrown);
    if (error.code !== "NO_CONTROLLER") throw error;
    const { store, folder } = await openStores(placeOf(file));
    if ((await store.load()) === null) throw error;
    progress(`no controller runs; this is what ${folder.root} says`);
    return source.stored(store);
  }
}
