import type { ControllerClient, ReleaseStatus, StatusReport } from "@hitless/controller";
import { HitlessError, type ReleaseRecord } from "@hitless/core";
import type { AppBed } from "./app-bed.ts";
import { statusWhen } from "./status-when.ts";

/** A place in a release at which it can be met. */
export interface Step {
  readonly name: string;
  /** The release stays there until somebody says `promote`; else it only passes. */
  readonly stands: boolean;
  readonly isMet: (status: StatusReport, release: ReleaseStatus) => boolean;
}

/** What is done to a release where it is met. */
export const turns = ["abort", "rollback"] as const;
export type Turn = (typeof turns)[number];

/** Named in the event log as the one who asked. */
const by = "proof";

/** A waypoint at which the release waits for a person. */
export function standsAt(name: string): Step {
  return {
    name,
    stands: true,
    isMet: ({ why }, release) =>
      why.kind === "held" && why.waypoint === name && waypointOf(release) === name,
  };
}

/** A waypoint that waits for nothing but its replicas. */
export function passes(name: string): Step {
  return { name, stands: false, isMet: (_, release) => waypointOf(release) === name };
}

/** So many replicas of the old and of the new revision that are not leaving: `2+1`. */
export function levels(name: string): Step {
  const isMet = ({ replicas }: StatusReport, { from, to }: ReleaseStatus) => {
    const running = (revision: number | null) =>
      replicas.filter((r) => r.revision === revision && r.state !== "draining").length;
    return `${running(from)}+${running(to)}` === name;
  };
  return { name, stands: false, isMet };
}

/** One release of a bed's folder, walked from step to step by whoever made it. */
export class ReleaseWalk {
  readonly id: number;
  readonly to: number;
  private readonly client: ControllerClient;
  private readonly command: Promise<unknown>;

  private constructor(client: ControllerClient, release: ReleaseStatus, command: Promise<unknown>) {
    this.client = client;
    this.id = release.id;
    this.to = release.to;
    this.command = command;
  }

  /** Says `hitless release` and is there as soon as it has begun. Throws when it is refused. */
  static async begin(bed: AppBed, client: ControllerClient): Promise<ReleaseWalk> {
    const before = (await client.status()).newest.release;
    const command = bed.must(0, "release");
    const begun = statusWhen(client, (s) => s.newest.release > before);
    // One that is refused never begins.
    begun.catch(() => undefined);
    const { release } = await Promise.race([begun, command.then(() => begun)]);
    if (release === null) throw new Error("the release was over before it could be met");
    return new ReleaseWalk(client, release, command);
  }

  /** Promotes it from where it stands until the step is met; null: it was over before. */
  async walkTo(step: Step): Promise<StatusReport | null> {
    for (;;) {
      const status = await this.when((s, r) => step.isMet(s, r) || standsStill(s, r));
      if (status === null) return null;
      if (status.release !== null && step.isMet(status, status.release)) return status;
      await this.promote(status);
    }
  }

  /** Promotes it to its end. */
  async toEnd(): Promise<ReleaseRecord> {
    for (;;) {
      const status = await this.when(standsStill);
      if (status === null) return this.ended();
      await this.promote(status);
    }
  }

  /** Whether it took the word; false: it had ended. */
  async turn(kind: Turn | "retry"): Promise<boolean> {
    const direction = kind === "retry" ? "back" : "forward";
    const meantFor = { release: this.id, direction, waypoint: null } as const;
    try {
      if (kind === "rollback") await this.client.rollback({ to: null, by, meantFor });
      else await this.client.intent({ kind, by, meantFor });
      return true;
    } catch (refused) {
      if (refused instanceof HitlessError && refused.happened?.kind === "ended") return false;
      throw refused;
    }
  }

  /** Its row of the history, once it has ended and its command has returned. */
  async ended(): Promise<ReleaseRecord> {
    await this.when(() => false);
    await this.command;
    const record = (await this.client.history()).find((row) => row.id === this.id);
    if (record === undefined) throw new Error(`release ${this.id} has no row in history`);
    return record;
  }

  /** The first status of it for which a condition holds; null: it has ended. */
  async when(
    holds: (status: StatusReport, release: ReleaseStatus) => boolean,
  ): Promise<StatusReport | null> {
    const status = await statusWhen(this.client, (s) => {
      return s.release === null || s.release.id !== this.id || holds(s, s.release);
    });
    return status.release?.id === this.id ? status : null;
  }

  private async promote(status: StatusReport): Promise<void> {
    const { release } = status;
    if (release === null) return;
    const waypoint = waypointOf(release);
    const meantFor = { release: this.id, direction: "forward", waypoint } as const;
    await this.client.intent({ kind: "promote", by, meantFor });
    await this.when((_, now) => now.cursor !== release.cursor || now.direction === "back");
  }
}

function standsStill({ why }: StatusReport, release: ReleaseStatus): boolean {
  if (why.kind !== "held" || why.waypoint !== waypointOf(release)) return false;
  return why.hold === "approval" || why.hold === "time";
}

function waypointOf({ waypoints, cursor }: ReleaseStatus): string | null {
  return waypoints[cursor] ?? null;
}
