import { failpoint, HitlessError, type TrafficView } from "@hitless/core";
import { ControlConnection } from "./control-connection.ts";
import { isStatusAnswer, type WorkerState, type WorkerStatus } from "./control-protocol.ts";
import type { ByRevision } from "./counts.ts";
import { ownEntry } from "./source-runtime.ts";
import type { ProxyTable } from "./table.ts";
import { untilGone } from "./until-gone.ts";
import type { StreamCount } from "./worker/open-streams.ts";
import { anyWorkerAnswers } from "./worker-sockets.ts";

/** How long a client waits for counts, and for a cut, milliseconds. */
const statusTimeoutMs = 2_000;
const cutTimeoutMs = 2_000;
const successionTimeoutMs = 20_000;
const lookAgainMs = 20;
/** The longest that a timer can wait, ms. */
const longestWaitMs = 2 ** 31 - 1;

/** What the proxy does right now. Counts are summed over workers. */
export interface ProxyStatus {
  readonly holderPid: number;
  /** `generation` is the table in force there; 0 before the first one. */
  readonly workers: readonly {
    readonly pid: number;
    readonly generation: number;
    readonly ruleGeneration: number;
    /** It was replaced, and serves only those who are connected to it already. */
    readonly leaving: boolean;
  }[];
  /** Requests and tunnels by replica id, also of replicas that left the table. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Idle pooled connections by replica id. */
  readonly idleUpstream: Readonly<Record<string, number>>;
  /** Open event streams, WebSockets and other tunnels by replica id, of those that have some. */
  readonly streams: Readonly<Record<string, StreamCount>>;
  /** Of the 32 newest revisions, since the proxy started, like `traffic`. */
  readonly revisions: ByRevision;
  /** What the proxy answered itself, by the code in `X-Hitless-Reason`; starts at 0 with each worker. */
  readonly answeredByProxy: Readonly<Record<string, number>>;
  /** What became of all requests since the proxy started, workers and holders that ended included. */
  readonly traffic: TrafficView;
  /** Client connections. */
  readonly openConnections: number;
}

/** Told when workers come and go; `pids` are those alive now. */
export type WorkerListener = (pids: readonly number[]) => void;

/**
 * A connection to a running proxy. Every method rejects with `PROXY_UNREACHABLE` when the holder
 * is gone. Closing it, or dying, leaves the proxy serving.
 */
export interface ProxyClient extends AsyncDisposable {
  readonly holderPid: number;
  /** The port that clients connect to. */
  readonly port: number;
  /** Of the code that it runs, as `ownBuild` says it; empty from a holder of an older version. */
  readonly build: string;
  /** How many workers there are to be; 0 from a holder of an older version, which does not say. */
  readonly workers: number;
  /** Resolves when the holder is gone or `close` was called. */
  readonly onClose: Promise<void>;
  /**
   * Puts a table in force: on disk first where the disk takes it, then in every worker. Resolves when each of them
   * acknowledged that generation or a newer one. A generation not newer than the one in force is
   * refused with `PROXY_UNREACHABLE`, unless it is the very same table. Aborting stops the wait only.
   */
  apply(table: ProxyTable, signal?: AbortSignal): Promise<void>;
  /**
   * Waits for a worker to serve when there is none at the moment. Rejects with `PROXY_UNREACHABLE`
   * after 2 s.
   */
  status(): Promise<ProxyStatus>;
  /**
   * Ends what is in flight on that replica, in the table or not: with a 502 where nothing was
   * answered yet, else with a broken connection. Resolves with how many there were;
   * rejects with `PROXY_UNREACHABLE` after 2 s, when the cut may still be made.
   */
  cut(replicaId: string): Promise<number>;
  /**
   * Changes how many workers there are to be, 1 to 32. More are being started when it resolves; those
   * that are too many end with their last client.
   */
  resize(workers: number): Promise<void>;
  /**
   * Replaces holder and workers by ones that run the code of this process; clients lose nothing. Resolves
   * once those serve and this client is closed: connect again. Rejects with `PROXY_UNREACHABLE` when they
   * do not start: the present ones go on.
   */
  upgrade(): Promise<void>;
  /** Returns a function that ends the subscription. */
  onWorkerChange(listener: WorkerListener): () => void;
  /**
   * Stops accepting, lets what is in flight finish for at most `timeoutMs` (milliseconds), ends the
   * worker and the holder. Resolves when the holder is gone.
   */
  stop(options: { readonly timeoutMs: number }): Promise<void>;
  /** Disconnects; the proxy goes on. */
  close(): Promise<void>;
}

/**
 * Connects to the holder on that control socket. While a worker lives whose holder died, it waits
 * for the successor, for at most 20 s. Null when no proxy runs. Rejects with `PROXY_UNREACHABLE` when
 * a holder is there that does not answer.
 */
export async function connectProxy(socketPath: string): Promise<ProxyClient | null> {
  const until = performance.now() + successionTimeoutMs;
  for (;;) {
    const connection = await ControlConnection.open(socketPath);
    if (connection !== null) return new ConnectedProxy(connection);
    const successorComes = await anyWorkerAnswers(socketPath);
    if (!successorComes || performance.now() > until) return null;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}

/** What a holder shows of itself to whoever asks. */
export interface HolderSign {
  readonly holderPid: number;
  /** Empty: a holder of an older version does not say. */
  readonly build: string;
  /** Null: a holder of an older version does not say. */
  readonly worker: WorkerState | null;
}

/**
 * Waits for a sign of the holder on that control socket until `signal` ends that. Null when nobody is
 * there, or it went away first. Rejects with `PROXY_UNREACHABLE` when ended.
 */
export async function askHolder(
  socketPath: string,
  signal: AbortSignal,
): Promise<HolderSign | null> {
  const connection = await ControlConnection.open(socketPath, { timeoutMs: longestWaitMs, signal });
  if (connection === null) return null;
  const { holderPid, build = "", worker = null } = connection.hello;
  await connection.close();
  return { holderPid, build, worker };
}

class ConnectedProxy implements ProxyClient {
  readonly holderPid: number;
  readonly port: number;
  readonly build: string;
  workers: number;
  readonly onClose: Promise<void>;
  readonly #connection: ControlConnection;

  constructor(connection: ControlConnection) {
    this.#connection = connection;
    this.holderPid = connection.hello.holderPid;
    this.port = connection.hello.port;
    this.build = connection.hello.build ?? "";
    this.workers = connection.hello.workers ?? 0;
    this.onClose = connection.closed;
  }

  async apply(table: ProxyTable, signal?: AbortSignal): Promise<void> {
    const limits = signal === undefined ? {} : { signal };
    const acknowledged = this.#connection.ask({ kind: "apply", table }, limits);
    // It may be refused while we wait.
    acknowledged.catch(() => undefined);
    await failpoint("table-sent");
    await acknowledged;
  }

  async status(): Promise<ProxyStatus> {
    const answer = await this.#connection.ask({ kind: "status" }, { timeoutMs: statusTimeoutMs });
    if (!isStatusAnswer(answer)) throw unexpected(answer.kind);
    const { holderPid, workers, traffic, revisions } = answer;
    return { holderPid, ...merged(workers), traffic, revisions };
  }

  async cut(replicaId: string): Promise<number> {
    const answer = await this.#connection.ask(
      { kind: "cut", replicaId },
      { timeoutMs: cutTimeoutMs },
    );
    if (answer.kind !== "count") throw unexpected(answer.kind);
    return answer.count;
  }

  async resize(workers: number): Promise<void> {
    await this.#connection.ask({ kind: "workers", count: workers });
    this.workers = workers;
  }

  async upgrade(): Promise<void> {
    await this.#connection.ask({ kind: "upgrade", entry: ownEntry("holder/holder-main") });
    await this.onClose;
  }

  onWorkerChange(listener: WorkerListener): () => void {
    return this.#connection.onWorkers(listener);
  }

  async stop(options: { readonly timeoutMs: number }): Promise<void> {
    await this.#connection.ask({ kind: "stop", timeoutMs: options.timeoutMs });
    await this.onClose;
    await untilGone(this.holderPid);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function unexpected(kind: string): HitlessError {
  return new HitlessError("PROXY_UNREACHABLE", `the proxy answered ${kind}, which was not asked`);
}

function merged(
  workers: readonly WorkerStatus[],
): Omit<ProxyStatus, "holderPid" | "traffic" | "revisions"> {
  return {
    workers: workers.map(({ pid, generation, ruleGeneration, leaving }) => ({
      pid,
      generation,
      ruleGeneration,
      leaving,
    })),
    inFlight: sums(workers.map((one) => one.inFlight)),
    idleUpstream: sums(workers.map((one) => one.idleUpstream)),
    streams: streamSums(workers),
    answeredByProxy: sums(workers.map((one) => one.answeredByProxy)),
    openConnections: workers.reduce((sum, one) => sum + one.openConnections, 0),
  };
}

function streamSums(workers: readonly WorkerStatus[]): Record<string, StreamCount> {
  const total: Record<string, StreamCount> = {};
  for (const { streams = {} } of workers) {
    for (const [id, { sse, websocket, tunnel }] of Object.entries(streams)) {
      const known = total[id] ?? { sse: 0, websocket: 0, tunnel: 0 };
      total[id] = {
        sse: known.sse + sse,
        websocket: known.websocket + websocket,
        tunnel: known.tunnel + tunnel,
      };
    }
  }
  return total;
}

function sums(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts) {
    for (const [key, count] of Object.entries(part)) total[key] = (total[key] ?? 0) + count;
  }
  return total;
}
