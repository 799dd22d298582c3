import type { IntervalHistogram } from "node:perf_hooks";
import { type Answer, isEventStream, isHttp1, wasAnswered } from "../answer.ts";
import type { Page, Pages } from "../endpoints.ts";
import type { Begun, Requests } from "../requests.ts";
import type { PromClient, PromRegistry } from "./prom-client.ts";

export interface MetricsOptions {
  /** The module itself: `import * as client from "prom-client"`. */
  readonly client: PromClient;
  /** Where the metrics are registered. Default: the one of `client`, with whatever else you have there. */
  readonly registry?: PromRegistry | undefined;
  /** Where the registry is served. Default `/metrics`; null: nowhere, you do that. */
  readonly path?: string | null | undefined;
  /** Upper bounds of the duration histogram, in seconds. */
  readonly buckets?: readonly number[] | undefined;
}

const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const methods = new Set("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY".split(" "));
const mostRoutes = 500;
/** As OpenTelemetry's conventions name what is none of the known. */
const other = "_OTHER";
const requestLabels = ["method", "route", "status", "revision"];
const quantiles = { "0.5": 50, "0.99": 99, "1": 100 };
const nanosecondsPerSecond = 1e9;

/** Count, duration and number of the requests, and the delay of the event loop, each with the revision. */
export class ServiceMetrics {
  /** The registry's page, at its path. */
  readonly pages: Pages;
  readonly #registry: PromRegistry;
  #eventLoop: IntervalHistogram | null = null;
  #isStopped = false;

  /** @throws what prom-client throws for a name that is registered already. */
  constructor(options: MetricsOptions, requests: Requests, revision: string) {
    const { client, registry = client.register, path = "/metrics" } = options;
    this.#registry = registry;
    this.pages = path === null ? new Map() : new Map([[path, () => pageOf(registry)]]);
    this.#countRequests(options, requests, revision);
    this.#gaugeInFlight(client, requests, revision);
    this.#gaugeEventLoop(client, revision);
    void this.#watchEventLoop();
  }

  /** The delay of the event loop is no longer measured. */
  stop(): void {
    this.#isStopped = true;
    this.#eventLoop?.disable();
  }

  /** Loaded only here: it takes 1 MiB, which a service without metrics has no use for. */
  async #watchEventLoop(): Promise<void> {
    const { monitorEventLoopDelay } = await import("node:perf_hooks");
    if (this.#isStopped) return;
    this.#eventLoop = monitorEventLoopDelay({ resolution: 20 });
    this.#eventLoop.enable();
  }

  #countRequests(options: MetricsOptions, requests: Requests, revision: string): void {
    const { client, buckets = defaultBuckets } = options;
    const count = new client.Counter({
      name: "http_server_requests_total",
      help: "Requests that have ended; status `aborted`: the client left before the answer did.",
      labelNames: requestLabels,
      registers: [],
    });
    const duration = new client.Histogram({
      name: "http_server_request_duration_seconds",
      help: "From the request's head to the end of its answer; streams are not in it.",
      labelNames: requestLabels,
      buckets: [...buckets],
      registers: [],
    });
    this.#registry.registerMetric(count);
    this.#registry.registerMetric(duration);
    const labelsOf = new Labels(requests);
    requests.onEnd = (answer, begun) => {
      const labels = { ...labelsOf.of(answer, begun), revision };
      count.inc(labels);
      if (isEventStream(answer)) return;
      duration.observe(labels, (performance.now() - begun.since) / 1000);
    };
  }

  #gaugeInFlight(client: PromClient, requests: Requests, revision: string): void {
    const gauge = new client.Gauge({
      name: "http_server_requests_in_flight",
      help: "Requests under way, streams included.",
      labelNames: ["revision"],
      registers: [],
      collect() {
        this.set({ revision }, requests.open.size);
      },
    });
    this.#registry.registerMetric(gauge);
  }

  #gaugeEventLoop(client: PromClient, revision: string): void {
    const eventLoop = () => this.#eventLoop;
    const gauge = new client.Gauge({
      name: "event_loop_delay_seconds",
      help: "How late timers ran since the last look; quantile 1 is the longest.",
      labelNames: ["quantile", "revision"],
      registers: [],
      collect() {
        const delays = eventLoop();
        for (const [quantile, percent] of Object.entries(quantiles)) {
          const delay = delays === null || delays.count === 0 ? 0 : delays.percentile(percent);
          this.set({ quantile, revision }, delay / nanosecondsPerSecond);
        }
        delays?.reset();
      },
    });
    this.#registry.registerMetric(gauge);
  }
}

/** Each set of labels is kept for ever: whoever asks for random paths, or on HTTP/2 by random methods, would fill the registry. */
class Labels {
  readonly #requests: Requests;
  readonly #routes = new Set<string>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  of(answer: Answer, begun: Begun) {
    const { method } = this.#requests.describe(begun);
    return {
      method: methods.has(method) ? method : other,
      route: this.#route(this.#requests.pattern(begun) ?? ""),
      status: wasAnswered(answer) ? String(statusOf(answer)) : "aborted",
    };
  }

  /** A router that is mounted on a pattern tells the path that it was asked for. */
  #route(route: string): string {
    if (this.#routes.has(route)) return route;
    if (this.#routes.size >= mostRoutes) return other;
    this.#routes.add(route);
    return route;
  }
}

function statusOf(answer: Answer): unknown {
  return isHttp1(answer) ? answer.statusCode : answer.sentHeaders?.[":status"];
}

async function pageOf(registry: PromRegistry): Promise<Page> {
  return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
}
