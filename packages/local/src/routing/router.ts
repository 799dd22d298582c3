import { failpoint, HitlessError, type RouteTable } from "@hitless/core";
import {
  connectProxy,
  ensureProxy,
  ownBuild,
  type ProxyClient,
  type ProxyStatus,
  type ProxyTable,
  type Upstream,
} from "@hitless/proxy";
import { pauseOrEnd } from "../wait.ts";
import { HolderWatch } from "./holder-watch.ts";

/** How long to wait before talking to a proxy again that did not answer, ms. */
const retryMs = 200;
/** Beyond the time that the proxy was given to stop, ms: then it hangs. */
const hungAfterMs = 5000;
/** Answers of the proxy are shared by all who ask within this time, ms. */
const statusFreshMs = 10;
/** How long opening waits for a sign of a holder that lives, ms. */
const signMs = 2000;
/** How long stopping waits until a holder that does not answer was ended, ms. */
const presentWithinMs = 50_000;

export interface RouterOptions {
  readonly stateDir: string;
  readonly socketPath: string;
  readonly host: string;
  readonly port: number;
  /** How many workers the proxy is to have; undefined: as many as it has, else 1. */
  readonly workers?: number | undefined;
  /** What the route rule and the admitted replicas are at this moment. */
  table(): Omit<ProxyTable, "generation" | "ruleGeneration" | "rule"> & {
    readonly route: RouteTable;
  };
  /** Takes the next generation; durable when resolved, as far as the disk takes it. */
  nextGeneration(): Promise<number>;
  /** Told which generation a proxy has that runs already: the next one has to be newer. */
  inForce(generation: number): void;
  changed(): void;
  event(text: string): void;
  /** How often it is looked whether the holder answers, milliseconds; 1 000 unless told. */
  readonly watchEveryMs?: number;
}

/**
 * Keeps the data plane at what the engine wants: hands it one table after the other, each only
 * when every worker has acknowledged the one before, and knows which replicas may still get requests.
 */
export class Router {
  private readonly options: RouterOptions;
  private readonly ending = new AbortController();
  private readonly watch: HolderWatch;
  private client: ProxyClient | null = null;
  private workers: number | undefined;
  private wanted = 0;
  private acknowledged = 0;
  private waiters: {
    readonly version: number;
    readonly resolve: () => void;
    readonly reject: (e: unknown) => void;
  }[] = [];
  /** Replicas in the tables that may be in force: the acknowledged one and the one on its way. */
  private inForce: readonly Upstream[] = [];
  private onTheWay: readonly Upstream[] = [];
  private ruleInForce = 0;
  private working: Promise<void> | null = null;
  private told = "";
  /** The holder was lost, and none has been found yet. */
  private orphaned = false;
  private status: { readonly at: number; readonly answer: Promise<ProxyStatus> } | null = null;

  constructor(options: RouterOptions) {
    this.options = options;
    const { socketPath, workers, watchEveryMs: everyMs = 1000, event } = options;
    this.workers = workers;
    this.watch = new HolderWatch({ socketPath, everyMs, event });
  }

  /**
   * Starts the proxy, or finds the one that runs. `assumed` are the replicas that its unknown
   * table may hold. One whose holder does not answer is left to the watch, and to the next push.
   * Throws PORT_TAKEN when clients' port is held.
   */
  async open(assumed: readonly Upstream[]): Promise<void> {
    this.inForce = assumed;
    const isSilent = await this.watch.isSilent(signMs);
    if (isSilent) this.orphaned = true;
    else await this.renew(await this.connect());
    this.watch.start();
  }

  /** From the next push on the proxy is to have so many workers. */
  haveWorkers(count: number): void {
    this.workers = count;
  }

  /** Process id of the proxy's holder; null while it cannot be reached. */
  get holderPid(): number | null {
    return this.client?.holderPid ?? null;
  }

  /** Hands over the present table; resolves when every worker has acknowledged it or a newer one. */
  push(): Promise<void> {
    if (this.ending.signal.aborted) return Promise.reject(away());
    this.wanted += 1;
    const version = this.wanted;
    const done = new Promise<void>((resolve, reject) => {
      this.waiters.push({ version, resolve, reject });
    });
    this.working ??= this.work();
    return done;
  }

  /** Whether any worker may still send new requests to the replica. */
  isRouted(id: string): boolean {
    return this.inForce.some((u) => u.id === id) || this.onTheWay.some((u) => u.id === id);
  }

  /** Generation of the route rule that every worker has acknowledged. */
  get ruleGeneration(): number {
    return this.ruleInForce;
  }

  /** What the proxy counts. Throws PROXY_UNREACHABLE while it is away. */
  read(): Promise<ProxyStatus> {
    const now = performance.now();
    if (this.status !== null && now - this.status.at < statusFreshMs) return this.status.answer;
    const answer = this.client === null ? Promise.reject(this.away()) : this.client.status();
    this.status = { at: now, answer };
    return answer;
  }

  /** Breaks off what is still in flight on a replica; returns how many requests that were. */
  async cut(id: string): Promise<number> {
    if (this.client === null) throw this.away();
    return this.client.cut(id);
  }

  /** Leaves the proxy running. */
  async abandon(): Promise<void> {
    this.ending.abort(away());
    this.watch.stop();
    await this.working?.catch(() => undefined);
    await this.client?.close();
  }

  /** Ends the proxy, after what is in flight or `timeoutMs`; also one whose holder just died, or hangs. */
  async stop(timeoutMs: number): Promise<void> {
    this.ending.abort(away());
    await this.working?.catch(() => undefined);
    let client = this.client ?? (await this.present());
    while (client !== null) {
      await this.stopHolder(client, timeoutMs);
      // One that died meanwhile has a successor.
      client = await this.present();
    }
    this.watch.stop();
    this.watch.endOrphans();
  }

  /** The proxy that runs; null when none does. Waits until a holder that does not answer was ended. */
  private async present(): Promise<ProxyClient | null> {
    this.watch.start();
    const until = performance.now() + presentWithinMs;
    for (;;) {
      try {
        return await connectProxy(this.options.socketPath);
      } catch (thrown) {
        if (performance.now() > until) throw thrown;
        await pauseOrEnd(retryMs, new AbortController().signal);
      }
    }
  }

  private async stopHolder(client: ProxyClient, timeoutMs: number): Promise<void> {
    const settled = new AbortController();
    const late = pauseOrEnd(timeoutMs + hungAfterMs, settled.signal).then(() => "late");
    const how = await Promise.race([client.stop({ timeoutMs }).catch(() => "died"), late]);
    settled.abort();
    await client.close();
    if (how !== "late") return;
    this.options.event(`proxy: holder ${client.holderPid} does not end, killed`);
    process.kill(client.holderPid, "SIGKILL");
  }

  private async work(): Promise<void> {
    while (this.acknowledged < this.wanted && !this.ending.signal.aborted) {
      const version = this.wanted;
      try {
        await this.hand(version);
      } catch (thrown) {
        if (this.ending.signal.aborted) break;
        this.tell(`proxy: ${HitlessError.from(thrown).message}`);
        await pauseOrEnd(retryMs, this.ending.signal);
      }
    }
    // At once, not a turn later: a push that comes in between would wait for nobody.
    this.working = null;
    if (!this.ending.signal.aborted) return;
    for (const waiter of this.waiters.splice(0)) waiter.reject(away());
  }

  private async hand(version: number): Promise<void> {
    const client = this.client ?? (await this.connect());
    if (this.workers !== undefined && client.workers > 0 && client.workers !== this.workers) {
      await client.resize(this.workers);
    }
    const generation = await this.options.nextGeneration();
    await failpoint("generation-saved");
    const { route, ...rest } = this.options.table();
    const { replicas } = rest;
    const table = { generation, ruleGeneration: route.generation, rule: route.rule, ...rest };
    this.onTheWay = [...new Map([...this.onTheWay, ...replicas].map((u) => [u.id, u])).values()];
    await client.apply(table, this.ending.signal);
    await failpoint("table-acknowledged");
    // What was counted before may lack a request that was on its way to a replica withdrawn here.
    this.status = null;
    this.told = "";
    this.inForce = replicas;
    this.onTheWay = [];
    this.ruleInForce = route.generation;
    this.acknowledged = version;
    this.options.changed();
    const done = this.waiters.filter((w) => w.version <= version);
    this.waiters = this.waiters.filter((w) => w.version > version);
    for (const waiter of done) waiter.resolve();
  }

  /** The same trouble, tried again several times a second, is told once. */
  private tell(text: string): void {
    if (text === this.told) return;
    this.told = text;
    this.options.event(text);
  }

  private async connect(): Promise<ProxyClient> {
    const { stateDir, socketPath, host, port } = this.options;
    const { workers } = this;
    const client = await ensureProxy({
      stateDir,
      socketPath,
      host,
      port,
      ...(workers === undefined ? {} : { workers }),
    });
    if (client.workers > 0) this.workers ??= client.workers;
    const known = await client.status().catch(() => null);
    this.options.inForce(Math.max(0, ...(known?.workers ?? []).map((w) => w.generation)));
    this.client = client;
    if (this.orphaned) this.options.event(`proxy: holder ${client.holderPid} has taken over`);
    this.orphaned = false;
    this.watchWorkers(client, known?.workers.map((w) => w.pid) ?? []);
    void client.onClose.then(() => this.lost(client));
    return client;
  }

  /** A proxy of another build gives way to one of this; where that does not start, it goes on. */
  private async renew(client: ProxyClient): Promise<void> {
    const { holderPid, build } = client;
    if (build === ownBuild()) return;
    const { event } = this.options;
    if (build === "") {
      event(`proxy: holder ${holderPid} is of a version that gives way only to \`hitless down\``);
      return;
    }
    // Its end is no news then.
    this.client = null;
    try {
      await client.upgrade();
      const next = await this.connect();
      event(`proxy: upgraded from build ${build}: holder ${next.holderPid} follows ${holderPid}`);
    } catch (thrown) {
      event(`proxy: build ${build} goes on: ${HitlessError.from(thrown).message}`);
      await client.close();
      await this.connect();
    }
  }

  private watchWorkers(client: ProxyClient, present: readonly number[]): void {
    let before = present;
    client.onWorkerChange((pids) => {
      for (const pid of before.filter((p) => !pids.includes(p)))
        this.options.event(`proxy: worker ${pid} is gone`);
      for (const pid of pids.filter((p) => !before.includes(p)))
        this.options.event(`proxy: worker ${pid} was started`);
      before = pids;
    });
  }

  private away(): HitlessError {
    return away(this.watch.trouble);
  }

  /** The holder died: find or start the next one and give it the table, without being asked. */
  private lost(client: ProxyClient): void {
    if (this.client !== client || this.ending.signal.aborted) return;
    this.client = null;
    this.orphaned = true;
    this.options.event("proxy: the holder is gone, looking for its successor");
    this.push().catch(() => undefined);
  }
}

function away(trouble = ""): HitlessError {
  const why = trouble === "" ? "" : `: ${trouble}`;
  return new HitlessError("PROXY_UNREACHABLE", `the proxy does not answer${why}`, {
    next: "See `hitless events`; a new one is being started.",
  });
}
