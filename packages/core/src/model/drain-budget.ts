import type { Drain, PreStop } from "./revision.ts";

/** Between the end of the work and SIGKILL: for what an app does after its last request, and its exit. */
export const spareSeconds = 5;

/**
 * How long an app may take for requests once it has its stop signal. The grace runs from the start of
 * preStop, so what is left of it then is the grace less preStop; of that the last five seconds (the
 * last half, when there are less than ten) are for its hooks and its exit.
 */
export function requestSecondsAfterSignal(drain: Drain): number {
  const left = Math.max(0, drain.terminationGracePeriodSeconds - preStopSeconds(drain.preStop));
  return Math.min(drain.timeoutSeconds, Math.max(left - spareSeconds, left / 2));
}

/** How long preStop takes as far as it can be read: a command that only sleeps, else unknown, so 0. */
export function preStopSeconds(preStop: PreStop | null): number {
  if (preStop === null) return 0;
  if (preStop.kind === "sleep") return preStop.seconds;
  const sleep = /^(?:(?:\S*\/)?(?:sh|bash) -c )?(?:\S*\/)?sleep (\d{1,5})s?$/u;
  return Number(sleep.exec(preStop.command.join(" ").trim())?.[1] ?? 0);
}
