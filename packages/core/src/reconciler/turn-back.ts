import { HitlessError } from "../errors.ts";
import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Failure } from "../model/failure.ts";
import type { Release } from "../model/release.ts";
import { wayBack } from "../strategies/way-back.ts";
import { judgedSoFar } from "./analysis-step.ts";
import { startClock } from "./progress.ts";

/**
 * Turns a release back, for good unless a person retries it; on the way back, and after `contract`,
 * it changes nothing.
 */
export function turnBack(app: App, reason: Failure, now: number): App {
  const { release } = app;
  if (release === null || release.direction === "back" || release.contracted) return app;
  const { analysis: _over, ...rest } = release;
  return {
    ...app,
    // Who serves again is no longer only kept: it must be free to shrink and to grow.
    kept: app.kept.filter((k) => k.revision !== release.from),
    release: {
      ...rest,
      ...judgedSoFar(release, now),
      direction: "back",
      reason,
      back: wayBack(release, {
        inForce: app.route.rule,
        onFailure: app.settings.hooks?.onFailure ?? [],
      }),
      cursor: 0,
      enteredAt: now,
      reached: null,
      paused: null,
      waived: "none",
      progress: { ...startClock(app, now), mark: 0, exits: 0 },
    },
  };
}

/** What a person is told who wants back from where there is no way back. */
export function contracted(release: Release): HitlessError {
  return new HitlessError(
    "REFUSED",
    `release ${release.id} has contracted the schema: revision ${release.from} cannot run on it any more`,
    { next: "The release finishes forward. Release a fix after it." },
  );
}

export function turnBackDecision(app: App, reason: Failure, now: number): Decision {
  return { kind: "turnBack", app: turnBack(app, reason, now), why: { kind: "turnedBack", reason } };
}
