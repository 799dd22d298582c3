import { setTimeout as delay } from "node:timers/promises";
import {
  type App,
  type Artifact,
  type ArtifactStore,
  type EngineMutation,
  newApp,
  newestRelease,
  parseAppFile,
  type Recorder,
  requestRelease,
} from "@hitless/core";
import { exampleSettings, FakeEngine, FakeStore, releaseTo } from "@hitless/core/testing";
import { Operations } from "../api/operations.ts";
import { Controller } from "../loop/controller.ts";
import { type AppPlace, RevisionMaker } from "../revisions/revision-maker.ts";

/** Called before and after each save and each mutation, with what it is; may reject, as they may. */
export type Watch = (what: string) => void | Promise<void>;

/** A store in memory that tells of its saves. */
class WatchedStore extends FakeStore {
  watch: Watch = () => undefined;
  failEvents = false;

  override async save(app: App): Promise<void> {
    await this.watch("before save");
    await super.save(app);
    await this.watch("after save");
  }

  override async addEvent(event: Parameters<FakeStore["addEvent"]>[0]): Promise<void> {
    if (this.failEvents) throw new Error("the event log is full");
    await super.addEvent(event);
  }
}

/** The fake engine, quick, in step with the real clock, telling of its mutations. */
class WatchedEngine extends FakeEngine {
  watch: Watch = () => undefined;

  constructor() {
    super({ behaviour: { startMs: 4, drainMs: 4, unrouteMs: 2 }, routeMs: 2 });
    this.runTo(Date.now());
  }

  override async apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
    await this.watch(`before ${mutation.kind}`);
    const token = await super.apply(mutation, signal);
    await this.watch(`after ${mutation.kind}`);
    return token;
  }
}

/** An artifact store that takes its word for it: the digest is what the test says. */
export class SaidArtifacts implements ArtifactStore {
  digest = "first";

  async capture(): Promise<Extract<Artifact, { kind: "files" }>> {
    return { kind: "files", digest: this.digest, files: 1, bytes: 1 };
  }

  digestOf() {
    return this.capture();
  }
}

/** Where the app file of these tests lies; nothing reads it. */
export const place: AppPlace = { appDir: "/app", appFile: "/app/hitless.yaml" };

/** An app file as it was parsed. */
function appFile(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    schema: 1,
    name: "shop",
    run: "node server.js",
    port: exampleSettings.port,
    host: exampleSettings.host,
    replicas: 2,
    probes: { readiness: { path: "/ready" } },
    ...changes,
  };
}

/** A body of `POST /release`. */
export function releaseBody(changes: Readonly<Record<string, unknown>> = {}) {
  const raw = appFile(changes);
  return {
    ...place,
    raw,
    overrides: {},
    overridesBefore: {},
    cause: "test",
    by: "alice",
    busy: "queue" as "queue" | "replace" | "reject",
  };
}

/** Controllers, one after the other, over one store and one engine whose time passes. */
export class ControllerBed implements AsyncDisposable {
  /** Maintenance as the data plane was told of it, one after the other. */
  readonly met: App["maintenance"][] = [];
  readonly store = new WatchedStore();
  readonly engine = new WatchedEngine();
  readonly artifacts = new SaidArtifacts();
  readonly maker = new RevisionMaker(this.store, this.artifacts);
  /** Saves, and mutations, in the order in which they were done. */
  readonly calls: string[] = [];
  readonly secrets: Record<string, string> = {};
  /** As of the lock: throws once another controller has it. */
  assertHeld: () => void = () => undefined;
  /** Of the controllers that are opened from now on. */
  recorder: Recorder | undefined;
  private readonly pump = setInterval(() => this.engine.runTo(Date.now()), 1);
  private running: { stop: AbortController; over: Promise<void> } | null = null;
  private present: Controller | null = null;
  private asked: { readonly controller: Controller; readonly operations: Operations } | null = null;

  constructor() {
    const note: Watch = (what) => {
      if (what === "after save" || what.startsWith("before ")) this.calls.push(what);
    };
    this.store.watch = note;
    this.engine.watch = note;
  }

  get controller(): Controller {
    if (this.present === null) throw new Error("no controller was started");
    return this.present;
  }

  /** One for each controller: it makes releases one after the other. */
  get operations(): Operations {
    const { controller, store, maker } = this;
    if (this.asked?.controller !== controller) {
      const secrets = { read: async (name: string) => this.secrets[name] };
      const meetClients = async (app: App) => void this.met.push(app.maintenance);
      const operations = new Operations({ controller, store, maker, secrets, meetClients });
      this.asked = { controller, operations };
    }
    return this.asked.operations;
  }

  /** A bed on which revision 1 is stable, released through a controller that runs. */
  static async settled(changes: Readonly<Record<string, unknown>> = {}): Promise<ControllerBed> {
    const bed = new ControllerBed();
    const fresh = newApp("shop", { ...exampleSettings, replicas: 2 });
    await bed.start(fresh);
    await bed.operations.release(releaseBody(changes));
    await bed.settle();
    bed.calls.length = 0;
    return bed;
  }

  /** A bed with one revision under way that no controller has looked at. */
  static async asked(): Promise<ControllerBed> {
    const bed = new ControllerBed();
    const fresh = newApp("shop", { ...exampleSettings, replicas: 2 });
    await bed.start(fresh);
    const content = await bed.maker.contentOf(contentSpec(), place);
    await bed.maker.make(content, "test");
    await bed.stop();
    const at = { now: Date.now(), by: "test", busy: "queue" } as const;
    await bed.store.save(requestRelease(fresh, releaseTo(1), at));
    bed.calls.length = 0;
    return bed;
  }

  /** The next controller, over what was saved. It runs until `stop`. */
  async start(app?: App, lastSeen: number | null = null): Promise<Controller> {
    await this.open(app, lastSeen);
    this.run();
    return this.controller;
  }

  async open(app?: App, lastSeen: number | null = null): Promise<Controller> {
    const saved = app ?? (await this.store.load());
    if (saved === null) throw new Error("nothing was saved");
    const { store, engine } = this;
    const lock = {
      lastSeen,
      assertHeld: () => this.assertHeld(),
      clockMoved: async () => undefined,
      takenUp: async () => undefined,
    };
    const { recorder } = this;
    this.present = await Controller.open(saved, { store, engine, lock, recorder });
    return this.present;
  }

  run(): void {
    const stop = new AbortController();
    this.running = { stop, over: this.controller.run(stop.signal) };
  }

  /** Ends it between two lines: what it is doing fails, and nothing follows. */
  kill(): never {
    this.running?.stop.abort();
    throw new Error("killed");
  }

  async stop(): Promise<void> {
    this.running?.stop.abort();
    await this.running?.over;
    this.running = null;
  }

  /** Resolves when nothing is under way or waiting. */
  async settle(): Promise<void> {
    await eventually(`settled: ${JSON.stringify(this.controller.why)}`, () => {
      const { release, pending, stable } = this.controller.current;
      return release === null && pending === null && stable !== null;
    });
    await eventually("steady", () => this.controller.why.kind === "steady");
  }

  /** What alice says of the newest release as it stands now. */
  async meant<T extends object>(body: T) {
    const meantFor = newestRelease(this.controller.current, await this.store.history());
    return { ...body, by: "alice", meantFor };
  }

  async texts(kind: string): Promise<readonly string[]> {
    return (await this.store.events()).filter((e) => e.kind === kind).map((e) => e.text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    clearInterval(this.pump);
  }
}

/** Waits until the condition holds; fails with its name after ten seconds. */
export async function eventually(what: string, holds: () => unknown): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await delay(2);
  }
}

/** The parsed app file of these tests. */
export function contentSpec(changes: Readonly<Record<string, unknown>> = {}) {
  const parsed = parseAppFile(appFile(changes));
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return parsed.spec;
}
