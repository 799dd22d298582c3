import { join, relative } from "node:path";
import {
  Controller,
  metricsSource,
  Operations,
  RevisionMaker,
  serveApi,
  serveMetrics,
} from "@hitless/controller";
import {
  type App,
  type AppSpec,
  failpoint,
  HitlessError,
  type MetricsSource,
  newApp,
  type Origin,
  type Recorder,
  type RevisionContent,
  requestRelease,
  type Settings,
} from "@hitless/core";
import {
  acquireLock,
  type ControllerLock,
  createState,
  EnvironmentSecrets,
  FileStore,
  FolderWatch,
  inheritedEnvironment,
  LocalArtifactStore,
  LocalEngine,
  locateState,
  type MetClients,
  makeSocketFolder,
  mendState,
  type ProcessIdentity,
  proxyRuns,
  removeSocketFolder,
  type StateFolder,
  socketAnswers,
  TraceFile,
  tidyState,
} from "@hitless/local";
import type { LoadedAppFile } from "./app-file/read-app-file.ts";
import { type Outside, openOutside } from "./hooks/open-outside.ts";
import type { Place } from "./place.ts";

/** How long the proxy may finish what is in flight at `down`, ms. */
const proxyStopMs = 10_000;

/** A controller that runs, with its API. */
export interface RunningController {
  readonly controller: Controller;
  readonly folder: StateFolder;
  /** Resolves with what ended it: `down` from the API, the lock taken over, the folder moved. */
  readonly asked: Promise<"down" | "replaced" | { readonly moved: FolderWatch }>;
  /** Stops everything: replicas drained, proxy ended, lock released. */
  down(): Promise<void>;
  /** Ends the controller alone; replicas and proxy go on serving. */
  leave(): Promise<void>;
}

/** Who starts a controller, and in whose place. */
export interface StartOptions {
  readonly instead: ProcessIdentity | null;
  readonly by: string;
  readonly origin: Origin;
  /** Writes every decision to the folder of traces. */
  readonly record: boolean;
  /** How many workers the proxy is to have, whatever the file says. */
  readonly workers?: number | undefined;
}

/** The parts of one app that need no controller: `plan` reads them too. */
export async function openStores(place: Place) {
  const folder = await locateState(place.appDir);
  const store = new FileStore(folder);
  const artifacts = new LocalArtifactStore(folder.artifacts);
  return { folder, store, artifacts, maker: new RevisionMaker(store, artifacts) };
}

/** Who measures the metrics of an app file. */
export function metricsOf({ appDir }: Place): MetricsSource {
  const secrets = new EnvironmentSecrets(process.env);
  return metricsSource({ folder: appDir, environment: inheritedEnvironment(), secrets });
}

/**
 * Starts a controller on one machine: the only place that picks an engine. Over existing state it
 * adopts what runs and releases nothing; without state, the file becomes revision 1.
 */
export async function startController(
  place: Place,
  file: LoadedAppFile,
  options: StartOptions,
): Promise<RunningController> {
  const { folder, store, artifacts, maker } = await openStores(place);
  await createState(folder);
  const lock = await acquireLock(folder.lock, {
    instead: options.instead,
    answers: () => socketAnswers(folder.sockets.control),
  });
  try {
    await tell(store, await mendState(folder));
    const known = adoptable(await store.load(), file, await proxyRuns(folder));
    await tidy({ folder, store, artifacts, app: known });
    // Whatever is wrong with the files is found before anything is started.
    const content = known === null ? await maker.contentOf(file.spec, place) : null;
    const settings = known?.settings ?? file.spec.settings;
    const { workers } = options;
    const clients = clientsOf({ settings, maintenance: known?.maintenance ?? null });
    const parts = { folder, store, artifacts, lock, file, settings, workers, clients };
    const engine = await openEngine(parts);
    try {
      await failpoint("engine-opened");
      const app = known ?? (await firstApp(file.spec, { content, by: options.by, maker }));
      await store.save(app);
      await failpoint("app-saved");
      const recorder = options.record ? recorderOf(folder, store) : undefined;
      let controller: Controller | null = null;
      const current = () => controller?.current ?? null;
      const outside = await outsideOf({ app, current, folder, store, lock });
      controller = await Controller.open(app, {
        ...{ store, engine, lock, recorder },
        metrics: metricsOf(place),
        hooks: outside.hooks,
      });
      const adopted = known !== null;
      const parts = { controller, engine, store, maker, folder, lock, adopted, outside };
      return await serve({ ...parts, ...options });
    } catch (thrown) {
      await (known === null ? engine.shutdown(proxyStopMs) : engine.abandon());
      throw thrown;
    }
  } catch (thrown) {
    await lock.release(folder.lock);
    throw thrown;
  }
}

/** Each sentence once: what a log lacks it lacks at every start. */
async function tell(store: FileStore, damage: readonly string[]): Promise<void> {
  if (damage.length === 0) return;
  const told = new Set((await store.events()).map((event) => event.text));
  for (const text of damage) {
    if (!told.has(text)) await store.addEvent({ at: Date.now(), kind: "state", text });
  }
}

/** What cannot be tidied up takes room, and nothing else: it keeps nobody from serving. */
async function tidy(from: Parameters<typeof tidyState>[0]): Promise<void> {
  const removed = await tidyState(from).catch((thrown: unknown) => [
    `nothing: ${HitlessError.from(thrown).message}`,
  ]);
  if (removed.length === 0) return;
  const text = `left by a controller that was killed, removed: ${removed.join("; ")}`;
  await from.store.addEvent({ at: Date.now(), kind: "engine", text }).catch(() => undefined);
}

function openEngine(from: {
  readonly folder: StateFolder;
  readonly store: FileStore;
  readonly artifacts: LocalArtifactStore;
  readonly lock: ControllerLock;
  readonly file: LoadedAppFile;
  readonly settings: Settings;
  readonly workers: number | undefined;
  readonly clients: MetClients;
}): Promise<LocalEngine> {
  const { file, lock, settings, ...rest } = from;
  const { host, port } = settings;
  return LocalEngine.open({
    ...rest,
    host,
    port,
    assertMine: () => lock.assertHeld(),
    app: file.spec.name,
    secrets: new EnvironmentSecrets(process.env),
    ports: process.env["HITLESS_PORTS"] ?? null,
    event: (text) => tellEngine(from.store, text),
  });
}

function recorderOf(folder: StateFolder, store: FileStore): Recorder {
  return new TraceFile({ folder: folder.traces, event: (text) => tellEngine(store, text) });
}

/** An event that cannot be written (a full disk) must not end the controller. */
function tellEngine(store: FileStore, text: string): void {
  void store.addEvent({ at: Date.now(), kind: "engine", text }).catch(() => undefined);
}

function outsideOf(from: {
  readonly app: App;
  readonly current: () => App | null;
  readonly folder: StateFolder;
  readonly store: FileStore;
  readonly lock: ControllerLock;
}): Promise<Outside> {
  const { app, lock, store, ...rest } = from;
  return openOutside({
    ...rest,
    app: app.name,
    store,
    secrets: new EnvironmentSecrets(process.env),
    assertMine: () => lock.assertHeld(),
    event: (text) => tellEngine(store, text),
  });
}

/** The saved app. Its socket moves to where the file says only while nobody listens. */
function adoptable(known: App | null, file: LoadedAppFile, listening: boolean): App | null {
  if (known !== null && known.name !== file.spec.name) {
    throw new HitlessError(
      "REFUSED",
      `this folder is ${known.name}'s, the file says ${file.spec.name}`,
      {
        next: "Give the other app a folder of its own.",
        path: ["name"],
      },
    );
  }
  if (known === null || listening) return known;
  const { host, port } = file.spec.settings;
  return { ...known, settings: { ...known.settings, host, port } };
}

async function firstApp(
  spec: AppSpec,
  from: {
    readonly content: RevisionContent | null;
    readonly by: string;
    readonly maker: RevisionMaker;
  },
): Promise<App> {
  if (from.content === null) throw new TypeError("the first revision of an app needs its content");
  const cause = `first release by ${from.by}`;
  const revision = await from.maker.make(from.content, cause);
  const now = Date.now();
  const request = { to: revision.number, kind: "release", cause, requestedAt: now } as const;
  const app = newApp(spec.name, spec.settings);
  return requestRelease(app, request, { now, by: from.by, busy: "queue" });
}

interface Parts extends StartOptions {
  readonly controller: Controller;
  readonly engine: LocalEngine;
  readonly store: FileStore;
  readonly maker: RevisionMaker;
  readonly folder: StateFolder;
  readonly lock: ControllerLock;
  readonly adopted: boolean;
  readonly outside: Outside;
}

async function serve(parts: Parts): Promise<RunningController> {
  const { controller, engine, store, folder, lock } = parts;
  const ending = new AbortController();
  let ask: (why: Awaited<RunningController["asked"]>) => void = () => undefined;
  const asked: RunningController["asked"] = new Promise((resolve) => {
    ask = resolve;
  });
  let moved = false;
  const watch = new FolderWatch(folder.appDir, () => {
    moved = true;
    ask({ moved: watch });
  });
  const replaced = () => {
    // At once: the other one adopts what runs.
    void engine.abandon();
    ask("replaced");
  };
  lock.lost.addEventListener("abort", replaced, { once: true });
  const operations = await operationsOf(parts);
  let saidDown = false;
  const api = await serveApi({
    controller,
    engine,
    store,
    operations,
    socket: {
      path: folder.sockets.control,
      prepare: () => makeSocketFolder(folder),
      event: (text) => tellEngine(store, text),
    },
    engineDetails: async () => ({ proxy: await engine.proxyStatus() }),
    down: () => {
      saidDown = true;
      ask("down");
    },
  });
  const running = controller.run(ending.signal);
  const beside = runBeside(parts, ending.signal);
  const stopDeciding = async () => {
    ending.abort(new HitlessError("NO_CONTROLLER", "the controller is ending"));
    await running;
    // The next controller wants the port of the metrics.
    await beside;
    await failpoint("decisions-ended");
  };
  const giveBack = async () => {
    await lock.release(join(watch.path, relative(folder.appDir, folder.lock)));
    // Whoever follows the folder needs to know where it goes from here.
    if (!moved) watch[Symbol.dispose]();
  };
  return {
    controller,
    folder,
    asked,
    down: async () => {
      if (!saidDown) await operations.down({ by: parts.by }, parts.origin);
      await stopDeciding();
      await engine.shutdown(proxyStopMs);
      await api.close();
      await failpoint("api-closed");
      // It is down, whether the folder can be removed or not.
      await removeSocketFolder(folder).catch(() => undefined);
      await giveBack();
    },
    leave: async () => {
      await controller.close(leaving());
      await stopDeciding();
      await engine.abandon();
      await failpoint("engine-abandoned");
      await api.close();
      await giveBack();
    },
  };
}

/** What watches the controller and holds up none of its decisions; resolves when it has ended. */
async function runBeside(parts: Parts, signal: AbortSignal): Promise<void> {
  const { controller, engine, store, outside } = parts;
  const event = (text: string) => tellEngine(store, text);
  await Promise.all([
    followFront(controller, engine, signal),
    outside.follow(controller, signal),
    serveMetrics({ controller, engine, store, event }, signal),
  ]);
}

/** A change of how clients are met needs no release, and no step of one waits for it. */
async function followFront(
  controller: Controller,
  engine: LocalEngine,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // In force or not, who asked for it is told: the engine goes on trying.
    engine.meetClients(clientsOf(controller.current)).catch(() => undefined);
    await controller.changed(signal);
  }
}

function clientsOf({ settings, maintenance }: Pick<App, "settings" | "maintenance">): MetClients {
  return { front: settings.proxy, maintenance };
}

/** What can be asked of the app; the audit log tells from here on who runs it. */
async function operationsOf(parts: Parts): Promise<Operations> {
  const { controller, engine, store, maker, by, origin, adopted, instead } = parts;
  const secrets = new EnvironmentSecrets(process.env);
  const meetClients = (app: App) => engine.meetClients(clientsOf(app));
  const operations = new Operations({ controller, store, maker, secrets, meetClients });
  await operations.up({ by, adopted, insteadOf: instead?.pid ?? null }, origin);
  return operations;
}

function leaving(): HitlessError {
  return new HitlessError("NO_CONTROLLER", "the controller is ending; nothing was changed", {
    next: "Say it again once the next one runs: `hitless up --detach`.",
  });
}
