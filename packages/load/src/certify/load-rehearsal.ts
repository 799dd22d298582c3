import { setTimeout as after } from "node:timers/promises";
import { type Asked, ask } from "../ask.ts";
import type { PhaseReport } from "../load-report.ts";
import { type LoadSession, startLoad } from "../start-load.ts";
import { AppUnderTest, type EndSeen, type StartSeen } from "./app-under-test.ts";
import type { CertifySettings } from "./certify-options.ts";
import { type Endpoints, findEndpoints } from "./endpoints.ts";
import { type KeepAliveSeen, KeepAliveWatch } from "./keep-alive-watch.ts";
import { type ProbeLook, ProbeWatch } from "./probe-watch.ts";

/** What an app did under load that was told to stop in the middle of it. */
export interface LoadSeen {
  readonly start: Extract<StartSeen, { kind: "ready" }>;
  readonly endpoints: Endpoints;
  /** What each endpoint answered before the signal; null: there is none. */
  readonly probed: Readonly<Record<"ready" | "health" | "startup", Asked | null>>;
  /** The load up to the signal, and all of it. */
  readonly before: PhaseReport;
  readonly total: PhaseReport;
  readonly readiness: readonly ProbeLook[];
  readonly liveness: readonly ProbeLook[];
  /** Empty when the app keeps no connection open. */
  readonly keepAlive: readonly KeepAliveSeen[];
  readonly end: EndSeen;
  readonly said: string;
}

/** The app never served. */
export interface NotStarted {
  readonly start: Extract<StartSeen, { kind: "failed" }>;
  readonly said: string;
}

const busyClients = 4;
const idleClients = 2;
/** How long clients without a request wait for the app to close on them, in milliseconds. */
const clientsWaitMs = 10_000;
/** An idle client comes back when this much of the drain delay is over. */
const comesBackAt = 0.5;

/** Starts the app, loads it, tells it to stop, and watches it to its end. */
export async function rehearseLoad(settings: CertifySettings): Promise<LoadSeen | NotStarted> {
  const app = await AppUnderTest.start(settings);
  try {
    const up = await app.untilReady(settings.paths.ready ?? null);
    if (up.kind === "failed") return { start: up, said: app.said };
    const endpoints = await findEndpoints(app.target, settings.paths);
    // What was found, and not named, has not been waited for yet.
    const start = await app.untilReady(endpoints.ready);
    if (start.kind === "failed") return { start, said: app.said };
    return await new LoadRehearsal(settings, app, endpoints).run(up);
  } finally {
    await app.stop();
  }
}

class LoadRehearsal {
  readonly #settings: CertifySettings;
  readonly #app: AppUnderTest;
  readonly #endpoints: Endpoints;
  #clients: readonly KeepAliveWatch[] = [];

  constructor(settings: CertifySettings, app: AppUnderTest, endpoints: Endpoints) {
    this.#settings = settings;
    this.#app = app;
    this.#endpoints = endpoints;
  }

  async run(start: LoadSeen["start"]): Promise<LoadSeen> {
    const load = this.#startLoad();
    try {
      const probed = await this.#askAll();
      await after(this.#settings.steadyMs);
      const stop =
        this.#settings.behind === "hitless" ? this.#stopAfterwards : this.#stopInTheMiddle;
      const seen = await stop.call(this, load);
      const end = await this.#untilEnd();
      const keepAlive = this.#clients.map((client) => client.seen);
      const said = this.#app.said;
      return { start, endpoints: this.#endpoints, probed, ...seen, keepAlive, end, said };
    } finally {
      this.#closeClients();
      await load.stop();
    }
  }

  /** Clients that still wait go at last: whether they hold it up is seen with each of them alone. */
  async #untilEnd(): Promise<EndSeen> {
    const { drainDelayMs, graceMs } = this.#settings;
    const patience = Math.min(clientsWaitMs, (graceMs - drainDelayMs) / 2);
    const leaving = setTimeout(() => this.#closeClients(), patience);
    const end = await this.#app.untilEnd();
    clearTimeout(leaving);
    return end;
  }

  #closeClients(): void {
    for (const client of this.#clients) client.close();
  }

  /** The signal comes while requests do, and they go on for the drain delay. */
  async #stopInTheMiddle(load: LoadSession): Promise<WhileStopping> {
    await this.#openClients();
    const before = load.snapshot().total;
    this.#app.terminate();
    for (const client of this.#clients) client.signalled();
    const { ready, health } = this.#endpoints;
    const watches = [ready, health].map((path) =>
      path === null ? null : new ProbeWatch(this.#app.target, path),
    );
    await this.#untilRoutedAway();
    const [readiness = [], liveness = []] = await Promise.all(
      watches.map(async (watch) => (await watch?.stop()) ?? []),
    );
    for (const client of this.#clients) client.rest();
    return { before, total: (await load.stop()).total, readiness, liveness };
  }

  /** The last request is answered before the signal comes. */
  async #stopAfterwards(load: LoadSession): Promise<WhileStopping> {
    const { total } = await load.stop();
    this.#app.terminate();
    return { before: total, total, readiness: [], liveness: [] };
  }

  async #untilRoutedAway(): Promise<void> {
    const { drainDelayMs } = this.#settings;
    await after(drainDelayMs * comesBackAt);
    const idle = this.#clients.filter((client) => client.seen.use === "idle");
    idle[0]?.useOnce();
    await after(drainDelayMs - this.#app.sinceSignalMs);
  }

  async #openClients(): Promise<void> {
    const uses = [
      ...Array.from({ length: busyClients }, () => "busy" as const),
      ...Array.from({ length: idleClients }, () => "idle" as const),
    ];
    const { path } = this.#settings.paths;
    const opened = await Promise.all(
      uses.map((use) => KeepAliveWatch.open(this.#app.target, path, use)),
    );
    this.#clients = opened.filter((client) => client !== null);
  }

  #startLoad(): LoadSession {
    const { host, port } = this.#app.target;
    const { path } = this.#settings.paths;
    const { post } = this.#endpoints;
    return startLoad({
      url: `http://${host}:${port}`,
      rate: this.#settings.rate,
      expect: "any",
      mix: { fresh: 40, keepalive: 40, ...(post === null ? {} : { post: 20 }) },
      paths: { get: path, ...(post === null ? {} : { post }) },
    });
  }

  async #askAll(): Promise<LoadSeen["probed"]> {
    const probe = async (path: string | null) =>
      path === null ? null : await ask(this.#app.target, path);
    const { ready, health, startup } = this.#endpoints;
    return {
      ready: await probe(ready),
      health: await probe(health),
      startup: await probe(startup),
    };
  }
}

type WhileStopping = Pick<LoadSeen, "before" | "total" | "readiness" | "liveness">;
