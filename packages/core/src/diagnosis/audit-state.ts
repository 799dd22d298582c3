import type { App } from "../model/app.ts";
import type { AuditState } from "../model/audit.ts";
import { waypointOf } from "../reconciler/position.ts";

/** An app in brief, for the audit log. */
export function auditStateOf(app: App): AuditState {
  const { release, pending } = app;
  return {
    stable: app.stable,
    release:
      release === null
        ? null
        : {
            id: release.id,
            to: release.to,
            direction: release.direction,
            waypoint: waypointOf(release),
            paused: release.paused !== null,
          },
    queued: pending === null ? null : { id: pending.id, to: pending.to },
    replicas: app.desired.replicas,
    maintenance: app.maintenance !== null,
    frozen: app.frozen !== null,
    overrides: Object.keys(app.overrides).sort(),
  };
}
