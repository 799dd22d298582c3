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
  const ended = app.ended + 1;
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
    ...(release.intents.length === 0 ? {} : { intents: release.intents }),
    ...(release.traffic === undefined ? {} : { traffic: release.traffic.counted }),
    ...drainsOf(release),
    ...(release.judged === undefined ? {} : { judged: release.judged }),
    ...failedHooksOf(release),
  };
  return {
    kind: "finish",
    app: { ...app, stable, served, ...trustAfter(app, release, outcome), release: null, ended },
    record,
    why: { kind: "finished", outcome, to: release.to },
  };
}

/** Who goes back from a revision trusts it no more; who goes to one trusts it again. */
function trustAfter(app: App, release: Release, outcome: Outcome): Pick<App, "distrusted"> {
  const { kind, from, to } = release;
  if (outcome !== "succeeded") return {};
  const before = app.distrusted ?? [];
  const left = kind === "rollback" && from !== null ? [from] : [];
  const after = [...before.filter((n) => n !== to && !left.includes(n)), ...left];
  if (after.length === 0 && app.distrusted === undefined) return {};
  return { distrusted: after.slice(-app.settings.keepRevisions) };
}

/** Apps that leave no receipts have nothing to say in their history. */
function drainsOf({ drains }: Release): Pick<ReleaseRecord, "drains"> {
  return drains === undefined || drains.counted.receipts === 0 ? {} : { drains: drains.counted };
}

function failedHooksOf({ effects = {} }: Release): Pick<ReleaseRecord, "failedHooks"> {
  const failed = Object.entries(effects)
    .filter(([, { outcome }]) => outcome === "failed")
    .map(([key, { detail }]) => `${key}: ${detail}`);
  return failed.length === 0 ? {} : { failedHooks: failed };
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
