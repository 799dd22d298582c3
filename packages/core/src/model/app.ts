import type { FrontSettings } from "./front.ts";
import type { Hook } from "./hook.ts";
import type { Maintenance } from "./maintenance.ts";
import type { Metric } from "./metric.ts";
import type { Notification } from "./notification.ts";
import type { Ordered, Release } from "./release.ts";
import type { ReleaseWindow } from "./release-window.ts";
import type { RouteTable } from "./route.ts";
import type { Strategy } from "./strategy.ts";

/** What is not part of a revision: editing it replaces nothing, rollback does not bring it back. */
export interface Settings {
  readonly replicas: number;
  readonly strategy: Strategy;
  readonly host: string;
  readonly port: number;
  readonly progressDeadlineSeconds: number;
  /** How many revisions are kept to go back to. */
  readonly keepRevisions: number;
  /** How clients are met: `proxy` in the app file. */
  readonly proxy: FrontSettings;
  /** What is watched wherever a release holds with requests on the canary. Absent: nothing. */
  readonly analysis?: readonly Metric[];
  /** Absent: none. */
  readonly hooks?: Hooks;
  /** When releases may begin. Absent: at any time. */
  readonly windows?: readonly ReleaseWindow[];
  /** Who is told of releases. Absent: nobody. */
  readonly notifications?: readonly Notification[];
  /** Loopback port of the metrics for Prometheus. Absent: none. */
  readonly metricsPort?: number;
}

/** What runs beside a release. */
export interface Hooks {
  /** Before anything of the new side is started. */
  readonly before: readonly Hook[];
  /** When the canary has got all requests, before it bakes. */
  readonly afterSwitch: readonly Hook[];
  /** When the release has gone back and stable has all requests again. */
  readonly onFailure: readonly Hook[];
}

/** How many replicas the app should have, and who said so. */
export interface Desired {
  readonly replicas: number;
  readonly owner: "file" | "command" | "autoscaler";
  /** The file's number when it was last read: a command's number holds until that changes. */
  readonly fileReplicas: number;
}

/** A revision that is not stable but must stay as it is. */
export interface Kept {
  readonly revision: number;
  /** Its replicas run on. */
  readonly warm: boolean;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Why no release may begin at present; what goes back may. */
export interface Frozen {
  readonly reason: string;
  readonly since: number;
  /** Absent from an older version. */
  readonly by?: string;
}

/** The durable object that stands for an app. Only the reconciler's transitions make a new one. */
export interface App {
  readonly name: string;
  readonly settings: Settings;
  readonly desired: Desired;
  /** The revision that serves; null before the first release has succeeded. */
  readonly stable: number | null;
  /** Revisions that have been stable and are kept for it, oldest first, without repeats; the last is the present one. */
  readonly served: readonly number[];
  readonly kept: readonly Kept[];
  readonly route: RouteTable;
  readonly release: Release | null;
  /** The one release that waits for the present one to end. */
  readonly pending: PendingRelease | null;
  /** Revisions that somebody rolled back from: a rollback without a number goes to none of them. Absent: none. */
  readonly distrusted?: readonly number[];
  readonly frozen: Frozen | null;
  readonly maintenance: Maintenance | null;
  /** What `--set` put over the app file, by path; stays until `--unset`. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Number of the last release that was accepted, begun or not; the next gets one more. */
  readonly releases: number;
  /** Highest number of a revision that anybody asked for: it is given to no other, whatever became of it. */
  readonly revisions: number;
  /** How many releases have ended: each has its row in `history`. */
  readonly ended: number;
  /** The last mutation, until its effect has been observed at the far end. */
  readonly ordered: Ordered | null;
  /** The last absence of a controller that these times account for: null before the first. */
  readonly absence: Absence | null;
}

/** A time in which nobody watched. Both by the wall clock, which may have been set back in it. */
export interface Absence {
  /** The last sign of life before it, ms since the epoch. */
  readonly from: number;
  /** When the app was taken up again, ms since the epoch. */
  readonly to: number;
}

/** A release that was asked for and has not begun. */
export interface PendingRelease {
  /** Its number, which it keeps when it begins. */
  readonly id: number;
  readonly by: string;
  readonly to: number;
  readonly kind: Release["kind"];
  readonly cause: string;
  readonly requestedAt: number;
  /** It waits for no window. Absent: it does. */
  readonly anytime?: boolean;
}
