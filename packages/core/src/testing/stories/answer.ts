import type { App } from "../../model/app.ts";
import type { MeantFor } from "../../model/release.ts";
import { setFrozen } from "../../reconciler/freeze.ts";
import { applyIntent } from "../../reconciler/intents.ts";
import { newestRelease } from "../../reconciler/meant-for.ts";
import {
  changeSettings,
  hurryPending,
  previousRevision,
  requestRelease,
  setReplicas,
} from "../../reconciler/requests.ts";
import { releaseTo, rollBack } from "../examples.ts";
import type { Act } from "./story.ts";

/** What a person does. */
export type Asked = Exclude<Act, { kind: "fault" }>;

const by = "bob";

/** The app as a controller changes it on request. Throws REFUSED and OVERTAKEN as the request does. */
export function answerTo(
  act: Asked,
  app: App,
  { now, firstLook }: { readonly now: number; readonly firstLook: MeantFor },
): App {
  switch (act.kind) {
    case "say": {
      const meantFor = act.looked === "before" ? firstLook : newestRelease(app, []);
      const full = act.full === true ? { full: true } : {};
      return applyIntent(app, { kind: act.intent, by, at: now, meantFor, ...full });
    }
    case "release": {
      const anytime = act.anytime === true ? { anytime: true } : {};
      return requestRelease(app, { ...releaseTo(act.to), ...anytime }, { now, by, busy: act.busy });
    }
    case "restart":
      return requestRelease(app, releaseTo(act.to, "restart"), { now, by, busy: "queue" });
    case "rollback":
      return rolledBack(app, act.to, now);
    case "freeze":
      return setFrozen(app, { kind: "on", reason: "the sale" }, { now, by });
    case "unfreeze":
      return setFrozen(app, { kind: "off" }, { now, by });
    case "anytime":
      return hurryPending(app);
    case "scale":
      return setReplicas(app, act.to);
    case "settings":
      return changeSettings(app, act.settings);
  }
}

/** As the command does: without a number, to where the release came from, or who was healthy last. */
function rolledBack(app: App, asked: number | null, now: number): App {
  const to = asked ?? targetOf(app);
  return to === null ? app : rollBack(app, to, now);
}

/** Where a rollback without a number goes. */
export function targetOf(app: App): number | null {
  return app.release?.from ?? previousRevision(app);
}

/** Whether it goes back to a side that still runs. */
export function isWarmRollback(act: Asked, app: App): boolean {
  if (act.kind !== "rollback" || app.release !== null) return false;
  const to = act.to ?? targetOf(app);
  return app.kept.some((k) => k.warm && k.revision === to);
}
