import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Failure } from "../model/failure.ts";
import type { Outcome, Release, ReleaseRecord } from "../model/release.ts";
import type { World } from "./world.ts";

/** Ends the release: the arriving revision is stable, and `history` gets its row. */
export function finish(app: App, world: World): Decision {
  const { release } = app;
  if (release === null) throw new TypeError("finish needs a release");
  const outcome = outcomeOf(release);
  const stable = release.direction === "forward" ? release.to : release.from;
  // Older ones are collected: nobody can go back to them.
  const served =
    outcome === "succeeded"
      ? [...app.served.filter((n) => n !== release.to), release.to].slice(
          -app.settings.keepRevisions,
        )
      : app.served;
  const record: ReleaseRecord = {
    id: release.id,
    kind: release.kind,
    cause: release.cause,
    from: release.from,
    to: release.to,
    outcome,
    reason: release.reason,
    startedAt: release.startedAt,
    endedAt: world.now,
    ...(release.traffic === undefined ? {} : { traffic: release.traffic.counted }),
  };
  return {
    kind: "finish",
    app: { ...app, stable, served, release: null, ended: app.ended + 1 },
    record,
    why: { kind: "finished", outcome, to: release.to },
  };
}

function outcomeOf(release: Release): Outcome {
  if (release.direction === "forward") return "succeeded";
  if (release.from === null) return "stuck";
  return byReason(release.reason);
}

function byReason(reason: Failure | null): Outcome {
  switch (reason?.kind) {
    case "aborted":
    case "rolledBack":
    case "replaced":
      return reason.kind;
    default:
      return "failed";
  }
}
