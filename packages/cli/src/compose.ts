import { Controller, Operations, RevisionMaker, serveApi } from "@hitless/controller";
import { type App, HitlessError, newApp, requestRelease } from "@hitless/core";
import {
  acquireLock,
  createState,
  EnvironmentSecrets,
  FileStore,
  LocalArtifactStore,
  LocalEngine,
  locateState,
  type StateFolder,
} from "@hitless/local";
import type { LoadedAppFile } from "./app-file/read-app-file.ts";
import type { Place } from "./place.ts";

/** How long the proxy may finish what is in flight at `down`, ms. */
const proxyStopMs = 10_000;

/** A controller that runs, with its API. */
export interface RunningController {
  readonly controller: Controller;
  readonly folder: StateFolder;
  /** Resolves with what ended it: `down` from the API, or the lock taken over by another. */
  readonly asked: Promise<"down" | "replaced">;
  /** Stops everything: replicas drained, proxy ended, lock released. */
  down(): Promise<void>;
  /** Ends the controller alone; replicas and proxy go on serving. */
  leave(): Promise<void>;
}

/** The parts of one app that need no controller: `plan` reads them too. */
export async function openStores(place: Place) {
  const folder = await locateState(place.appDir);
  const store = new FileStore(folder);
  const artifacts = new LocalArtifactStore(folder.artifacts);
  return { folder, store, artifacts, maker: new RevisionMaker(store, artifacts) };
}

/**
 * Starts a controller on one machine: the only place that picks an engine. Over existing state it
 * adopts what runs and releases nothing; without state, the file becomes revision 1.
 */
export async function startController(
  place: Place,
  file: LoadedAppFile,
  options: { readonly takeOver: boolean; readonly by: string },
): Promise<RunningController> {
  const { folder, store, artifacts, maker } = await openStores(place);
  await createState(folder);
  const lock = await acquireLock(folder.lock, options);
  try {
    const known = await store.load();
    const { settings } = known ?? file.spec;
    const engine = await LocalEngine.open({
      folder,
      app: file.spec.name,
      host: settings.host,
      port: settings.port,
      store,
      artifacts,
      secrets: new EnvironmentSecrets(process.env),
      ports: process.env["HITLESS_PORTS"] ?? null,
      event: (text) => void store.addEvent({ at: Date.now(), kind: "engine", text }),
    });
    const app = known ?? (await firstApp({ place, file, by: options.by }, { maker, store }));
    const controller = await Controller.open(app, { store, engine, lastSeen: lock.lastSeen });
    return await serve({ controller, engine, store, maker, folder, lock });
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

async function firstApp(
  from: { readonly place: Place; readonly file: LoadedAppFile; readonly by: string },
  stores: Pick<Awaited<ReturnType<typeof openStores>>, "maker" | "store">,
): Promise<App> {
  const { spec } = from.file;
  const now = Date.now();
  const cause = `first release by ${from.by}`;
  const content = await stores.maker.contentOf(spec, from.place);
  const revision = await stores.maker.make(content, cause);
  const request = { to: revision.number, kind: "release", cause, requestedAt: now } as const;
  const app = requestRelease(newApp(spec.name, spec.settings), request, {
    now,
    by: from.by,
    busy: "queue",
  });
  await stores.store.save(app);
  return app;
}

interface Parts {
  readonly controller: Controller;
  readonly engine: LocalEngine;
  readonly store: FileStore;
  readonly maker: RevisionMaker;
  readonly folder: StateFolder;
  readonly lock: Awaited<ReturnType<typeof acquireLock>>;
}

async function serve(parts: Parts): Promise<RunningController> {
  const { controller, engine, store, maker, folder, lock } = parts;
  const ending = new AbortController();
  let ask: (why: "down" | "replaced") => void = () => undefined;
  const asked = new Promise<"down" | "replaced">((resolve) => {
    ask = resolve;
  });
  lock.lost.addEventListener("abort", () => ask("replaced"), { once: true });
  const api = await serveApi({
    controller,
    engine,
    store,
    operations: new Operations({ controller, store, maker }),
    socketPath: folder.sockets.control,
    engineDetails: async () => ({ proxy: await engine.proxyStatus() }),
    down: () => ask("down"),
  });
  const running = controller.run(ending.signal);
  const stopDeciding = async () => {
    ending.abort(new HitlessError("NO_CONTROLLER", "the controller is ending"));
    await running;
  };
  return {
    controller,
    folder,
    asked,
    down: async () => {
      await stopDeciding();
      await engine.shutdown(proxyStopMs);
      await api.close();
      await lock.release();
    },
    leave: async () => {
      await stopDeciding();
      await engine.abandon();
      await api.close();
      await lock.release();
    },
  };
}
