import { setTimeout as after } from "node:timers/promises";
import { type Asked, ask, isGood } from "../ask.ts";
import { AppUnderTest } from "./app-under-test.ts";
import type { CertifySettings } from "./certify-options.ts";
import type { Endpoints } from "./endpoints.ts";

/** What an app did while something that it needs was gone. Times count from the cut or the mending. */
export interface DependencySeen {
  readonly variable: string;
  /** Answers of liveness while it was gone. */
  readonly liveness: readonly Asked[];
  /** When readiness first said so; null: it never did, or there is none. */
  readonly toldMs: number | null;
  /** For how long it was gone. */
  readonly goneMs: number;
  /** When readiness was good again; null: never, in `backTimeoutMs`. */
  readonly backMs: number | null;
  /** Whether the process that was started still ran at the end. */
  readonly stillRuns: boolean;
}

/** How long a dependency stays gone at least, so that liveness is asked often enough. */
const goneAtLeastMs = 1500;
/** How long readiness may take to tell, and to be good again: a check every 10 s, and a little. */
const tellTimeoutMs = 12_000;
export const backTimeoutMs = 15_000;
const everyMs = 50;

/**
 * Starts the app, cuts one dependency, mends it. Null: the app was not ready to begin with.
 */
export async function rehearseDependency(
  index: number,
  scene: { readonly settings: CertifySettings; readonly endpoints: Endpoints },
): Promise<DependencySeen | null> {
  const { settings, endpoints } = scene;
  const app = await AppUnderTest.start(settings);
  try {
    const start = await app.untilReady(endpoints.ready);
    const relay = app.relays[index];
    if (start.kind === "failed" || relay === undefined) return null;
    await relay.cut();
    const gone = await watchGone(app, endpoints);
    await relay.mend();
    const backMs = await untilBack(app, endpoints.ready);
    const variable = settings.dependencies[index]?.variable ?? "";
    return { variable, ...gone, backMs, stillRuns: app.runs };
  } finally {
    await app.stop();
  }
}

async function watchGone(
  app: AppUnderTest,
  { health, ready }: Endpoints,
): Promise<Pick<DependencySeen, "liveness" | "toldMs" | "goneMs">> {
  const liveness: Asked[] = [];
  const since = performance.now();
  const goneMs = () => performance.now() - since;
  let toldMs: number | null = null;
  const enough = () => goneMs() > goneAtLeastMs && (toldMs !== null || ready === null);
  while (!enough() && goneMs() < tellTimeoutMs) {
    if (health !== null) liveness.push(await ask(app.target, health));
    if (ready !== null && toldMs === null && !isGood(await ask(app.target, ready))) {
      toldMs = goneMs();
    }
    await after(everyMs);
  }
  return { liveness, toldMs, goneMs: goneMs() };
}

async function untilBack(app: AppUnderTest, ready: string | null): Promise<number | null> {
  if (ready === null) return null;
  const since = performance.now();
  while (performance.now() - since < backTimeoutMs) {
    if (isGood(await ask(app.target, ready))) return performance.now() - since;
    await after(everyMs);
  }
  return null;
}
