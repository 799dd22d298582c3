import { type Engine, needs, type ReleaseStore } from "@hitless/core";
import type { Controller } from "../loop/controller.ts";
import { expositionOf } from "./exposition.ts";
import { MetricsEndpoint, type Page } from "./metrics-endpoint.ts";
import { targetsOf } from "./targets.ts";

/** Between attempts to listen on a port that is taken, ms. */
const againMs = 5_000;
/** How long a scrape may take, ms: Prometheus waits for ten seconds unless told. */
const scrapeMs = 5_000;

export interface MetricsOptions {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly store: ReleaseStore;
  /** A sentence for `hitless events`. */
  event(text: string): void;
}

/** Serves the metrics where the settings say, until `signal` aborts. Never throws. */
export async function serveMetrics(options: MetricsOptions, signal: AbortSignal): Promise<void> {
  const { controller, event } = options;
  const endpoint = new MetricsEndpoint({ pages: pagesOf(options, Date.now()), event });
  while (!signal.aborted) {
    const stands = await endpoint.moveTo(controller.current.settings.metricsPort ?? null);
    const soon = stands ? [] : [AbortSignal.timeout(againMs)];
    await controller.changed(AbortSignal.any([signal, ...soon]));
  }
  await endpoint.close();
}

function pagesOf(options: MetricsOptions, startedAt: number): ReadonlyMap<string, Page> {
  const exposition: Page = {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    read: () => expositionNow(options, startedAt),
  };
  // Prometheus takes the targets with this type only.
  const targets: Page = { contentType: "application/json", read: () => targetsNow(options) };
  return new Map([
    ["/metrics", exposition],
    ["/targets", targets],
  ]);
}

async function targetsNow({ controller, engine }: MetricsOptions): Promise<string> {
  const app = controller.current;
  const signal = AbortSignal.timeout(scrapeMs);
  const { replicas } = await engine.observe(app, [{ kind: "engine" }], signal);
  return JSON.stringify(targetsOf(app.name, replicas));
}

async function expositionNow(options: MetricsOptions, startedAt: number): Promise<string> {
  const { controller, engine, store } = options;
  // Before the app: a release that ends meanwhile is counted next time, and not missed.
  const history = await store.history();
  const app = controller.current;
  const revision = app.stable === null ? null : await store.revision(app.stable);
  const view = await engine.observe(app, needs(app, Date.now()), AbortSignal.timeout(scrapeMs));
  const { why } = controller;
  const version = revision?.version ?? null;
  return expositionOf({ app, view, why, history, version, startedAt, now: Date.now() });
}
