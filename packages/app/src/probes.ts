import type { CheckView } from "./checks/check.ts";
import type { Page, Pages } from "./endpoints.ts";
import type { ProbePaths } from "./options.ts";

/** What the probes are answered from: state that is at hand, never something to wait for. */
export interface Health {
  /** Startup tasks that are not over. */
  waitingFor(): readonly string[];
  checks(): readonly CheckView[];
  isDraining(): boolean;
}

export interface ProbeSettings {
  readonly paths: ProbePaths;
  readonly notReadyStatus: number;
  /** Bodies hold the messages of failed checks. */
  readonly details: boolean;
  /** `/ready` stays 200 while draining. */
  readonly holds: boolean;
}

/** Startup, liveness, readiness. Liveness says that the event loop turns, and asks nothing: a restart mends no database. */
export function probes(health: Health, settings: ProbeSettings): Pages {
  const { paths, notReadyStatus } = settings;
  const page = (isGood: boolean, body: object): Page => ({
    status: isGood ? 200 : notReadyStatus,
    contentType: "application/json",
    body: JSON.stringify(body),
  });
  return new Map([
    [paths.startup, () => page(health.waitingFor().length === 0, startup(health))],
    [paths.health, () => page(true, { status: "alive" })],
    [paths.ready, () => page(isReady(health, settings), readiness(health, settings))],
  ]);
}

function startup(health: Health): object {
  const waitingFor = health.waitingFor();
  return waitingFor.length === 0 ? { status: "started" } : { status: "starting", waitingFor };
}

function isReady(health: Health, { holds }: ProbeSettings): boolean {
  const isServing = holds || !health.isDraining();
  return isServing && health.waitingFor().length === 0 && failing(health).length === 0;
}

function readiness(health: Health, { details }: ProbeSettings): object {
  const waitingFor = health.waitingFor();
  const names = failing(health);
  const shown = health.checks().map(({ name, error, ...view }) => {
    return [name, details && error !== null ? { ...view, error } : view];
  });
  return {
    status: statusOf(health),
    ...(waitingFor.length > 0 ? { waitingFor } : {}),
    ...(names.length > 0 ? { failing: names } : {}),
    checks: Object.fromEntries(shown),
  };
}

function statusOf(health: Health): string {
  if (health.isDraining()) return "draining";
  if (health.waitingFor().length > 0) return "starting";
  return failing(health).length > 0 ? "failing" : "ready";
}

/** Without a result there is no saying that it works. */
function failing(health: Health): readonly string[] {
  const bad = health.checks().filter(({ critical, status }) => critical && status !== "passing");
  return bad.map(({ name }) => name);
}
