import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Failure } from "../model/failure.ts";
import { wayBack } from "../strategies/way-back.ts";
import { startClock } from "./progress.ts";

/** Turns a release back, for good unless a person retries it; on the way back it changes nothing. */
export function turnBack(app: App, reason: Failure, now: number): App {
  const { release } = app;
  if (release === null || release.direction === "back") return app;
  return {
    ...app,
    release: {
      ...release,
      direction: "back",
      reason,
      back: wayBack(release.plan, release.cursor),
      cursor: 0,
      enteredAt: now,
      reached: null,
      paused: null,
      waived: "none",
      progress: { ...startClock(app, now), mark: 0, exits: 0 },
    },
  };
}

export function turnBackDecision(app: App, reason: Failure, now: number): Decision {
  return { kind: "turnBack", app: turnBack(app, reason, now), why: { kind: "turnedBack", reason } };
}
