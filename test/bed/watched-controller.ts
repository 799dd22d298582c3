import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import type { Failpoint } from "@hitless/core";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";

/** Where a controller is to die: at the `passing`-th time that it gets there, from 1. */
export interface DeathAt {
  readonly name: Failpoint;
  readonly passing: number;
}

const lookEveryMs = 20;

/** `hitless up` in the foreground, so that how it ends is seen; with a point at which it kills itself. */
export class WatchedController {
  readonly pid: number;
  readonly done: Promise<CommandResult>;
  private readonly bed: AppBed;
  private ended: CommandResult | null = null;

  private constructor(bed: AppBed, started: { pid: number; done: Promise<CommandResult> }) {
    this.bed = bed;
    this.pid = started.pid;
    this.done = started.done;
    void this.done.then((result) => {
      this.ended = result;
    });
  }

  /** Takes over from the controller that runs, if one does. */
  static start(bed: AppBed, death: DeathAt | null = null): WatchedController {
    const env = death === null ? {} : { HITLESS_FAILPOINT: `${nameOf(death)}=kill` };
    return new WatchedController(bed, bed.startWith(env, "up", "--take-over"));
  }

  /**
   * Waits until this controller says of itself what `holds` asks for; the client to talk to it, or
   * null when it ended first. Throws after `timeoutMs`.
   */
  async when(
    holds: (status: StatusReport) => boolean,
    timeoutMs = 60_000,
  ): Promise<ControllerClient | null> {
    const deadline = Date.now() + timeoutMs;
    let last = "it answers nothing";
    while (this.ended === null) {
      const client = await connectTo(this.bed).catch(() => null);
      const status = await client?.status().catch(() => null);
      if (client && status && status.controller.pid === this.pid) {
        if (holds(status)) return client;
        last = JSON.stringify(status.why);
      }
      await client?.close();
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${last}`);
      await after(lookEveryMs);
    }
    return null;
  }

  /** How it ended; null when it lives after `timeoutMs`. */
  async end(timeoutMs: number): Promise<CommandResult | null> {
    const giveUp = new AbortController();
    const late = after(timeoutMs, null, { signal: giveUp.signal }).catch(() => null);
    const result = await Promise.race([this.done, late]);
    giveUp.abort();
    return result;
  }
}

/** Nothing under way, everything ready. */
export function isSettled({ release, why, replicas }: StatusReport): boolean {
  return release === null && why.kind === "steady" && replicas.every((r) => r.state === "ready");
}

/** As `HITLESS_FAILPOINT` takes it, and as the one who dies there says it. */
export function nameOf({ name, passing }: DeathAt): string {
  return `${name}@${passing}`;
}
