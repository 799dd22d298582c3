import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type App,
  type Engine,
  type EngineCapabilities,
  type EngineMutation,
  type EngineView,
  type FrontSettings,
  failpoint,
  HitlessError,
  type Known,
  type LogLine,
  type LogQuery,
  type Maintenance,
  type Observation,
  type ReleaseStore,
  type Revision,
  type RouteTable,
  type RouteView,
  type Scale,
  type SecretSource,
} from "@hitless/core";
import type { ProxyStatus, Upstream } from "@hitless/proxy";
import type { LocalArtifactStore } from "./artifacts/artifact-store.ts";
import { type EngineState, EngineStateFile, loadEngineState } from "./engine-state.ts";
import { LogKeeper } from "./logs/log-keeper.ts";
import { readLogs } from "./logs/read-logs.ts";
import { parsePortRange } from "./processes/parse-port-range.ts";
import { PortPool } from "./processes/port-pool.ts";
import { ReplicaKeeper } from "./replicas/replica-keeper.ts";
import { countedParts } from "./routing/counts-view.ts";
import { holdFor } from "./routing/hold-for.ts";
import { PreviewListener } from "./routing/preview.ts";
import { Router } from "./routing/router.ts";
import { ChangeSignal } from "./signal.ts";
import { unlessDiskFault } from "./state/disk-fault.ts";
import type { StateFolder } from "./state/state-folder.ts";

/** How long opening waits for the first table to be acknowledged, ms. */
const firstTableMs = 5000;

export interface LocalEngineOptions {
  readonly folder: StateFolder;
  readonly app: string;
  /** Where clients reach the app. */
  readonly host: string;
  readonly port: number;
  /** How clients are met there, until `meetClients` says otherwise. */
  readonly clients: MetClients;
  /** How many workers the proxy is to have; undefined: as many as `clients` says. */
  readonly workers?: number | undefined;
  readonly store: ReleaseStore;
  readonly artifacts: LocalArtifactStore;
  readonly secrets: SecretSource;
  /** Bounds the ports of replicas (`HITLESS_PORTS=a-b`); null: anything outside the ephemeral range. */
  readonly ports: string | null;
  /** Throws when another controller has taken the app over; asked before each change of the state. */
  assertMine(): void;
  /** Called for what people should read in `hitless events`. */
  event(text: string): void;
}

/** What all clients meet, whatever replica answers them. */
export interface MetClients {
  readonly front: FrontSettings;
  readonly maintenance: Maintenance | null;
}

/** The engine of one machine: replicas are processes, the data plane is our proxy. */
export class LocalEngine implements Engine {
  readonly capabilities: EngineCapabilities = { surge: true, weights: true, matches: true };
  private readonly options: LocalEngineOptions;
  private readonly state: EngineState;
  private readonly file: EngineStateFile;
  private readonly signal = new ChangeSignal();
  private readonly router: Router;
  private readonly keeper: ReplicaKeeper;
  private readonly preview: PreviewListener;
  private readonly logKeeper: LogKeeper;
  /** Since when the proxy leaves questions unanswered. */
  private silentSince: number | null = null;
  private readonly openedAt = Date.now();
  private clients: MetClients;
  private met = Promise.resolve();

  private constructor(options: LocalEngineOptions, state: EngineState) {
    this.options = options;
    this.state = state;
    this.clients = options.clients;
    this.file = new EngineStateFile(options.folder.engine, state, options.assertMine);
    this.router = new Router({
      stateDir: options.folder.proxy,
      socketPath: options.folder.sockets.proxy,
      host: options.host,
      port: options.port,
      workers: options.workers ?? options.clients.front.workers ?? undefined,
      table: () => ({
        route: state.route,
        replicas: this.keeper.admitted(),
        front: this.clients.front,
        draining: this.keeper.draining(),
        ...holdFor(state.route.rule, this.keeper.staying(), this.clients.maintenance),
      }),
      nextGeneration: async () => {
        state.proxyGeneration += 1;
        // What died is taken out on a full disk too: the proxy tells a successor what is in force.
        await this.file.save().catch(unlessDiskFault);
        return state.proxyGeneration;
      },
      inForce: (generation) => {
        state.proxyGeneration = Math.max(state.proxyGeneration, generation);
      },
      changed: () => this.signal.notify(),
      event: options.event,
    });
    this.keeper = new ReplicaKeeper({
      ...options,
      state,
      router: this.router,
      ports: new PortPool({ range: options.ports === null ? null : parsePortRange(options.ports) }),
      save: () => this.file.save(),
      changed: () => this.signal.notify(),
    });
    this.preview = new PreviewListener({
      admitted: () => this.keeper.admitted(),
      changed: () => this.signal.notify(),
    });
    this.logKeeper = new LogKeeper({
      root: options.folder.logs,
      living: () => new Set(state.replicas.map((r) => r.id)),
      written: () => state.replicas.flatMap((r) => (r.logFile === null ? [] : [r.logFile])),
      event: options.event,
    });
  }

  /**
   * Opens the engine over its state: starts or finds the proxy, adopts the replicas that run.
   * Throws PORT_TAKEN, STATE_UNREADABLE.
   */
  static async open(options: LocalEngineOptions): Promise<LocalEngine> {
    const exists = (await options.store.load()) !== null;
    const state = await loadEngineState(options.folder.engine, exists);
    const engine = new LocalEngine(options, state);
    const assumed = state.replicas.flatMap((r): Upstream[] =>
      r.port === null ? [] : [{ id: r.id, revision: r.revision, host: "127.0.0.1", port: r.port }],
    );
    await engine.router.open(assumed);
    await failpoint("proxy-started");
    await engine.keeper.adopt();
    engine.preview.follow(state.route);
    // A worker that hangs must not keep the controller from coming up and saying so.
    await Promise.race([engine.router.push(), delay(firstTableMs, undefined, { ref: false })]);
    return engine;
  }

  /** Process id of the proxy's holder; null while it cannot be reached. */
  get proxyPid(): number | null {
    return this.router.holderPid;
  }

  async observe(
    _app: App,
    _needs: readonly Observation[],
    _signal: AbortSignal,
  ): Promise<EngineView> {
    const counts = await this.counts();
    const { token, revisions } = this.state;
    const inFlight = counts.kind === "known" ? counts.value.inFlight : null;
    return {
      replicas: known(this.keeper.views(inFlight), token),
      revisions: known(
        revisions.map((r) => ({ ...r })),
        token,
      ),
      route: known(this.routeView(counts), token),
      capacity: known({ fits: true, detail: "" }, token),
      drains: known(this.state.drains, token),
      ...countedParts(counts, { token, openedAt: this.openedAt }),
    };
  }

  private routeView(counts: Known<ProxyStatus>): RouteView {
    const { generation } = this.state.route;
    const { shut } = this.preview;
    const behind =
      counts.kind === "known" ? laggards(counts.value.workers, generation) : [counts.reason];
    return {
      accepted: generation,
      inForce: this.router.ruleGeneration,
      lagging: shut === null ? behind : [...behind, shut],
    };
  }

  private async counts(): Promise<Known<ProxyStatus>> {
    try {
      const status = await this.router.read();
      this.silentSince = null;
      return known(status, this.state.token);
    } catch (thrown) {
      this.silentSince ??= Date.now();
      return {
        kind: "unknown",
        reason: HitlessError.from(thrown).message,
        since: this.silentSince,
      };
    }
  }

  async apply(mutation: EngineMutation, _signal: AbortSignal): Promise<number> {
    this.options.assertMine();
    switch (mutation.kind) {
      case "scale":
        await this.scale(mutation);
        break;
      case "route":
        await this.route(mutation.table);
        break;
      case "collect":
        await this.collect(mutation.revision);
        break;
    }
    this.signal.notify();
    return this.state.token;
  }

  /** Clients are met like that from now on; resolves when every worker of the proxy does. */
  meetClients(clients: MetClients): Promise<void> {
    if (JSON.stringify(clients) === JSON.stringify(this.clients)) return this.met;
    this.clients = clients;
    const workers = this.options.workers ?? clients.front.workers;
    if (workers !== null) this.router.haveWorkers(workers);
    this.met = this.router.push();
    this.met.catch(() => undefined);
    return this.met;
  }

  changes(signal: AbortSignal): AsyncIterable<void> {
    return this.signal.changes(signal);
  }

  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
    return readLogs(this.options.folder.logs, query, signal);
  }

  /** What the proxy counts, for `status`; null while it is away. */
  async proxyStatus() {
    return this.router.read().catch(() => null);
  }

  /** Stops watching and leaves everything running, for the next controller to adopt. */
  async abandon(): Promise<void> {
    this.logKeeper[Symbol.dispose]();
    this.preview.close();
    this.keeper.abandon();
    this.file.close();
    await this.router.abandon();
  }

  /** Drains and stops every replica, then the proxy. Levels stay: the next start goes on from them. */
  async shutdown(timeoutMs: number): Promise<void> {
    this.preview.close();
    await this.keeper.stopAll();
    await failpoint("replicas-stopped");
    await this.router.stop(timeoutMs);
    await failpoint("proxy-stopped");
    this.logKeeper[Symbol.dispose]();
    this.keeper.abandon();
  }

  private async scale(mutation: Scale): Promise<void> {
    const { revision, replicas } = mutation;
    const known = this.state.revisions.find((r) => r.revision === revision);
    if (known === undefined) {
      this.state.revisions.push({ revision, level: replicas, exits: 0, lastExit: null });
    } else {
      known.level = replicas;
    }
    this.state.token += 1;
    this.keeper.reconcile();
    await failpoint("level-due");
    await this.file.save();
    await failpoint("level-saved");
  }

  private async route(table: RouteTable): Promise<void> {
    // A late one must not take the place of the one that came after it.
    if (table.generation > this.state.route.generation) {
      this.state.route = table;
      this.state.token += 1;
    }
    await failpoint("route-due");
    await this.file.save();
    await failpoint("route-saved");
    this.preview.follow(this.state.route);
    // In force is read from observe(): the release waits there, not here.
    this.router.push().catch(() => undefined);
  }

  private async collect(revision: number): Promise<void> {
    const { folder, store, artifacts } = this.options;
    this.refuseInUse(revision);
    await artifacts.removeCheckout(join(folder.checkouts, String(revision)));
    const others = (await store.revisions()).filter((n) => n !== revision);
    const needed = (await Promise.all(others.map((n) => store.revision(n)))).flatMap(digestsOf);
    const unneeded = digestsOf(await store.revision(revision)).filter((d) => !needed.includes(d));
    for (const digest of unneeded) await artifacts.discard(digest);
    await failpoint("artifact-discarded");
    await store.removeRevision(revision);
    // Last: what is in no view any more is never asked for again.
    this.state.revisions = this.state.revisions.filter((r) => r.revision !== revision);
    this.state.token += 1;
    await this.file.save();
    await failpoint("revision-forgotten");
  }

  /** The state is durable before anything is done by it: who may not write it does nothing. */
  private refuseInUse(revision: number): void {
    const level = this.state.revisions.find((r) => r.revision === revision)?.level ?? 0;
    const running = this.state.replicas.filter((r) => r.revision === revision).length;
    if (level + running === 0) return;
    throw new HitlessError(
      "REFUSED",
      `revision ${revision} cannot be collected: its level is ${level}, ${running} replicas are left`,
    );
  }
}

function digestsOf(revision: Revision | null): string[] {
  return revision?.artifact.kind === "files" ? [revision.artifact.digest] : [];
}

function known<T>(value: T, asOf: number): Known<T> {
  return { kind: "known", value, asOf };
}

function laggards(
  workers: readonly { readonly pid: number; readonly ruleGeneration: number }[],
  wanted: number,
): readonly string[] {
  return workers
    .filter((w) => w.ruleGeneration < wanted)
    .map((w) => `worker ${w.pid} at generation ${w.ruleGeneration}`);
}
