import { type Asked, ask, isGood } from "../ask.ts";
import type { Target } from "../connection.ts";
import type { CertifyPaths } from "./certify-options.ts";
import { whatAnswered } from "./evidence.ts";

/** What the app answers on, as far as it was named or found; null: neither. */
export interface Endpoints {
  readonly ready: string | null;
  readonly health: string | null;
  readonly startup: string | null;
  /** Answers a POST with 2xx. */
  readonly post: string | null;
  /** What a POST that was named got instead of 2xx; null: it got that, or none was named. */
  readonly postRefused: string | null;
  /** It answers 2xx on a path that nobody has: only what it answers otherwise can be found by asking. */
  readonly answersEverything: boolean;
}

const candidates = {
  ready: ["/ready", "/health/ready", "/readyz", "/actuator/health/readiness"],
  health: ["/health", "/health/live", "/livez", "/healthz", "/live", "/actuator/health/liveness"],
  startup: ["/startup", "/health/startup", "/startupz"],
} as const;

const nobodysPath = "/no-such-path-of-hitless-certify";
const nobodysOtherPath = "/hitless-certify/another-one";
/** A probe that fails is one all the same. */
const failing = [500, 503];

/** Looks for the endpoints that were not named, on an app that answers already. */
export async function findEndpoints(
  target: Target,
  paths: CertifyPaths & { readonly path: string },
): Promise<Endpoints> {
  const nobodys = await ask(target, nobodysPath);
  const answersEverything = isGood(nobodys);
  const tells = (asked: Asked) => !answersEverything || !isSame(asked, nobodys);
  const look = async (named: string | undefined, tried: readonly string[]) =>
    named ?? (await firstProbe(target, tried, tells));
  const found = [
    await look(paths.ready, candidates.ready),
    await look(paths.health, candidates.health),
    await look(paths.startup, candidates.startup),
  ] as const;
  // An answer that is another one each time tells nothing by being another one.
  const isSteady = !answersEverything || isSame(await ask(target, nobodysOtherPath), nobodys);
  const named = [paths.ready ?? null, paths.health ?? null, paths.startup ?? null] as const;
  const [ready, health, startup] = isSteady ? found : named;
  return { ready, health, startup, ...(await findPost(target, paths)), answersEverything };
}

function isSame(one: Asked, other: Asked): boolean {
  if (one.kind !== "answered" || other.kind !== "answered") return false;
  return one.status === other.status && one.body === other.body;
}

async function firstProbe(
  target: Target,
  tried: readonly string[],
  tells: (asked: Asked) => boolean,
): Promise<string | null> {
  for (const path of tried) {
    const asked = await ask(target, path);
    if (!tells(asked)) continue;
    if (isGood(asked)) return path;
    if (asked.kind === "answered" && failing.includes(asked.status)) return path;
  }
  return null;
}

async function findPost(
  target: Target,
  { post, path }: CertifyPaths & { readonly path: string },
): Promise<Pick<Endpoints, "post" | "postRefused">> {
  const asked = await ask(target, post ?? path, { method: "POST", timeoutMs: 5000 });
  if (isGood(asked)) return { post: post ?? path, postRefused: null };
  const postRefused =
    post === undefined ? null : `${post}: a POST of two bytes ${whatAnswered(asked)}`;
  return { post: null, postRefused };
}
