import { type App, HitlessError, type Settings } from "@hitless/core";

/** Two `--set` at once: the later one must not silently undo the earlier. */
export function refuseStale(app: App, seen: Readonly<Record<string, string>>): void {
  if (JSON.stringify(seen) === JSON.stringify(app.overrides)) return;
  throw new HitlessError("REFUSED", "somebody else changed the values over the file meanwhile", {
    next: "See `hitless status`, then say it again.",
  });
}

/** The listening socket outlives releases: it moves only when everything is stopped. */
export function refuseMove(app: App, settings: Settings): void {
  for (const key of ["host", "port"] as const) {
    if (settings[key] === app.settings[key]) continue;
    throw new HitlessError(
      "REFUSED",
      `${key} is ${settings[key]}, but ${app.name} runs on ${app.settings[key]}`,
      {
        next: "Say `hitless down`, then `hitless up`: that is downtime.",
        path: [key],
      },
    );
  }
}

/** Queued, it would bring back what the running release has just replaced. */
export function restartWhileBusy(release: number): HitlessError {
  return new HitlessError("REFUSED", `release ${release} is under way and replaces every process`, {
    next: "Wait until it has ended, then restart if that is still needed.",
  });
}

export function busyWith(release: number): HitlessError {
  return new HitlessError("REFUSED", `release ${release} is under way`, {
    next: "Wait for it, or say --if-busy queue or --if-busy replace.",
  });
}
