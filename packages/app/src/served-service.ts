import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { Checks } from "./checks/checks.ts";
import { Connections } from "./connections.ts";
import { type Drained, finish, tellAll } from "./drain.ts";
import { DrainProgress, type Why } from "./drain-progress.ts";
import { Endpoints, type Pages } from "./endpoints.ts";
import { runHooks } from "./hooks.ts";
import { identityOf } from "./identity.ts";
import { intercept, noteConnections } from "./intercept.ts";
import { keepAlive } from "./keep-alive.ts";
import { listen } from "./listen.ts";
import { jsonLines, type Logger, unfailing } from "./log.ts";
import { ServiceMetrics } from "./metrics/service-metrics.ts";
import {
  type BudgetedHook,
  type DrainBudget,
  drainBudget,
  oneOf,
  probePaths,
  type ServeOptions,
  shutdownHooks,
} from "./options.ts";
import { probes } from "./probes.ts";
import { processEnd, type Stoppable } from "./process-end.ts";
import { reasonOf } from "./reason-of.ts";
import type { DrainReason, DrainReceipt } from "./receipt.ts";
import { Requests } from "./requests.ts";
import type { ListenOptions, Service } from "./serve.ts";
import { Startup } from "./startup.ts";
import {
  type EventStream,
  type EventStreamOptions,
  openEventStream,
} from "./streams/event-stream.ts";
import { Streams } from "./streams/streams.ts";
import { Upgrades } from "./streams/upgrades.ts";
import { endWebSockets, type WebSocketServerLike } from "./streams/web-sockets.ts";
import { Work } from "./work.ts";
import { writeReceipt } from "./write-receipt.ts";

/** Of a process whose state nobody knows: what hangs because of that is not awaited for long. */
const crashBudgetMs = 5000;

export class ServedService<S extends Server> implements Service<S>, Stoppable {
  readonly server: S;
  readonly signals: readonly NodeJS.Signals[];
  readonly exits: boolean;
  readonly drainsOnCrash: boolean;
  readonly #options: ServeOptions;
  readonly #listen: Service["listen"];
  readonly #budget: DrainBudget;
  readonly #logger: Logger | null;
  readonly #checks: Checks;
  readonly #startup: Startup;
  readonly #drained: Drained;
  readonly #hooks: readonly BudgetedHook[];
  readonly #metrics: ServiceMetrics | null;
  readonly #draining = new AbortController();
  #progress: DrainProgress | null = null;
  #ended: Promise<DrainReceipt> | null = null;

  /** `listens`: for a framework that has to be there when its server begins. */
  constructor(server: S, options: ServeOptions, listens?: Service["listen"]) {
    this.server = server;
    this.#options = options;
    this.#listen = listens ?? ((where = {}) => listen(server, where));
    this.#budget = drainBudget(options.drain);
    this.#hooks = shutdownHooks(options.onShutdown);
    this.#logger = unfailing(options.logger === undefined ? jsonLines : options.logger);
    this.signals = options.signals ?? ["SIGTERM", "SIGINT"];
    this.exits = options.exit ?? true;
    this.drainsOnCrash = options.drainOnCrash ?? true;
    this.#checks = new Checks(options.checks, this.#logger);
    this.#drained = {
      server,
      connections: new Connections(),
      requests: new Requests(options.route),
      streams: new Streams(),
      upgrades: new Upgrades(),
      work: new Work(),
    };
    this.#startup = new Startup(options.startup, {
      logger: this.#logger,
      signal: this.#draining.signal,
      work: this.#drained.work,
    });
    const { metrics, revision = identityOf().revision ?? "" } = options;
    this.#metrics =
      metrics === undefined ? null : new ServiceMetrics(metrics, this.#drained.requests, revision);
    keepAlive(server, options.keepAliveTimeoutMs);
    this.#attach(server);
    processEnd().enlist(this);
    this.#startup.start();
    this.#checks.start();
  }

  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  listen(options?: ListenOptions): Promise<AddressInfo> {
    return this.#listen(options);
  }

  shutdown(why: Why = { reason: "close" }): Promise<DrainReceipt> {
    // Who hears that it begins may call this again.
    this.#ended ??= Promise.resolve().then(() => this.#drain(why));
    return this.#ended;
  }

  crashed(error: unknown): void {
    this.#progress?.crashed(error);
  }

  abandon(): void {
    this.#progress?.abandon(this.#hooks.map(({ name }) => name));
    this.#say();
  }

  work<T>(name: string, task: () => Promise<T>): Promise<T> {
    return this.#drained.work.run(name, task);
  }

  eventStream(
    response: ServerResponse | Http2ServerResponse,
    options: EventStreamOptions = {},
  ): EventStream {
    return openEventStream(this.#drained.streams, response, options);
  }

  webSockets(server: WebSocketServerLike): void {
    endWebSockets(this.#drained.streams, server);
  }

  #attach(server: Server): void {
    const { requests, upgrades, connections } = this.#drained;
    const isDraining = () => this.#draining.signal.aborted;
    const endpoints = new Endpoints(this.#pages(isDraining), isDraining);
    noteConnections(server, connections);
    // Only then may a connection have come before it could be noted.
    const hasListened = server.listening;
    intercept(server, {
      request(request, response) {
        if (endpoints.handle(request, response)) return true;
        requests.begin(response, request);
        if (hasListened) connections.addHttp1(request.socket);
        if (isDraining()) connections.used(request.socket);
        return false;
      },
      stream(stream, headers) {
        if (endpoints.handleStream(stream, headers)) return true;
        requests.begin(stream, headers);
        if (isDraining()) connections.usedBy(stream);
        return false;
      },
      upgrade: (request, socket) => upgrades.add(request, socket),
    });
  }

  #pages(isDraining: () => boolean): Pages {
    const { paths, notReadyStatus = 503, details = false } = this.#options;
    const health = {
      waitingFor: () => this.#startup.waitingFor,
      checks: () => this.#checks.views(),
      isDraining,
    };
    const settings = {
      paths: probePaths(paths),
      notReadyStatus: oneOf("notReadyStatus", notReadyStatus, [503, 500]),
      details,
      holds: this.#budget.readiness === "hold",
    };
    const pages = new Map(probes(health, settings));
    for (const [path, page] of this.#metrics?.pages ?? []) {
      if (pages.has(path))
        throw new TypeError(`metrics.path is "${path}", which is that of a probe`);
      pages.set(path, page);
    }
    return pages;
  }

  /** The order is the point of all this: docs/app.md says why each step stands where it does. */
  async #drain(why: Why): Promise<DrainReceipt> {
    const progress = new DrainProgress(why, this.#drained);
    this.#progress = progress;
    const { delayMs, ...budget } = this.#budgetFor(why.reason);
    this.#sayBegin(why, { inFlight: progress.inFlight, delayMs });
    this.#draining.abort();
    tellAll(this.#drained);
    await after(delayMs);
    progress.delayOver();
    progress.requestsOver(await finish(this.#drained, budget));
    // Nobody can ask any more, and hooks close what the checks use.
    this.#checks.stop();
    await runHooks(this.#hooks, {
      done: (hook) => progress.hookOver(hook),
      failed: (name, reason) =>
        this.#logger?.warn(
          { hook: name, error: reason },
          `shutdown hook ${name} failed: ${reason}`,
        ),
    });
    this.#metrics?.stop();
    const receipt = this.#say() ?? progress.receipt();
    if (!this.exits || why.reason === "close") processEnd().dismiss(this);
    return receipt;
  }

  #budgetFor(reason: DrainReason): DrainBudget {
    const budget = this.#budget;
    if (reason === "SIGINT") return { ...budget, delayMs: 0 };
    if (reason !== "crash") return budget;
    return { ...budget, delayMs: 0, timeoutMs: Math.min(budget.timeoutMs, crashBudgetMs) };
  }

  #sayBegin({ reason, error }: Why, fields: object): void {
    if (error === undefined) this.#logger?.info({ reason, ...fields }, `draining: ${reason}`);
    else this.#logger?.warn({ reason, ...fields }, `draining: ${reason}: ${reasonOf(error)}`);
  }

  /** Once: a receipt that is written twice would count twice. */
  #say(): DrainReceipt | undefined {
    const receipt = this.#progress?.receipt();
    if (receipt === undefined) return undefined;
    this.#progress = null;
    const { finished, cut, streams, seconds } = receipt;
    const ended = streams.ended > 0 ? `, ${streams.ended} streams ended` : "";
    const lost = cut + streams.cut > 0 ? `, ${cut + streams.cut} cut` : "";
    const fields = { receipt };
    const message = `drained in ${seconds.total} s: ${finished} finished${ended}${lost}`;
    if (receipt.exitCode === 0) this.#logger?.info(fields, message);
    else this.#logger?.warn(fields, message);
    writeReceipt(receipt, (reason) =>
      this.#logger?.warn({ error: reason }, `drain receipt: ${reason}`),
    );
    return receipt;
  }
}
