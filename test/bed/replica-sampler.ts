import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import type { ReplicaView } from "@hitless/core";
import type { AppBed } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";
import { portsOf, saysReady } from "./replica-ports.ts";

/** One replica at one instant: the word of Hitless, and its own. */
export interface SeenReplica extends Pick<ReplicaView, "id" | "revision" | "state" | "routed"> {
  /** What its own `/ready` answered, asked past the proxy. */
  readonly saysReady: boolean;
}

/** All replicas of an app at one instant, during which none came, went or changed its state. */
export interface Sample {
  /** Milliseconds since the sampling began. */
  readonly atMs: number;
  readonly replicas: readonly SeenReplica[];
  /** Processes that run in a revision's folder and belong to no replica that is leaving. */
  readonly processes: number;
  /** Readings before this one during which something changed: good for the lower bound only. */
  readonly torn: readonly TornReading[];
}

/** A reading during which a replica came, went or changed its state. */
export interface TornReading {
  readonly atMs: number;
  /**
   * Replicas that answered 2xx to `/ready` themselves, of those that stayed before the reading or
   * after it: whatever changed meanwhile, never fewer than have to be available.
   */
  readonly ready: number;
}

/** Looks at an app at fixed times, from outside, until it is stopped. */
export class ReplicaSampler implements AsyncDisposable {
  private readonly bed: AppBed;
  private readonly client: ControllerClient;
  private readonly samples: Sample[] = [];
  private readonly startedAt = performance.now();
  private readonly ending = new AbortController();
  private running: Promise<void> | null = null;

  private constructor(bed: AppBed, client: ControllerClient) {
    this.bed = bed;
    this.client = client;
  }

  static async start(bed: AppBed, everyMs: number): Promise<ReplicaSampler> {
    const sampler = new ReplicaSampler(bed, await connectTo(bed));
    sampler.running = sampler.run(everyMs);
    // Whoever stops it gets the error.
    sampler.running.catch(() => undefined);
    return sampler;
  }

  /** All samples. Throws when one could not be taken. */
  async stop(): Promise<readonly Sample[]> {
    this.ending.abort();
    await this.running;
    await this.client.close();
    return this.samples;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async run(everyMs: number): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      this.samples.push(await this.take());
      const dueIn = everyMs - ((performance.now() - this.startedAt) % everyMs);
      await after(dueIn, null, { signal }).catch(() => undefined);
    }
    // How it stands at the end is part of what was to be seen.
    this.samples.push(await this.take());
  }

  private async take(): Promise<Sample> {
    const torn: TornReading[] = [];
    let before = await this.client.status();
    for (;;) {
      const atMs = Math.round(performance.now() - this.startedAt);
      const replicas = await this.askAll(before);
      const processes = runningIn(join(this.bed.dir, ".hitless", "checkouts"), before);
      const now = await this.client.status();
      if (statesOf(before) === statesOf(now)) return { atMs, replicas, processes, torn };
      torn.push({ atMs, ready: readyOf(replicas, await this.askNew(before, now), now) });
      before = now;
    }
  }

  /** The replicas that came while the others were asked. */
  private async askNew(before: StatusReport, now: StatusReport): Promise<readonly SeenReplica[]> {
    const known = new Set(before.replicas.map(({ id }) => id));
    return await this.askAll({ ...now, replicas: now.replicas.filter((r) => !known.has(r.id)) });
  }

  private async askAll(status: StatusReport): Promise<readonly SeenReplica[]> {
    const ports = await portsOf(this.bed);
    return Promise.all(
      status.replicas.map(async ({ id, revision, state, routed }) => {
        const port = ports.get(id);
        const ready = port !== undefined && (await saysReady(port));
        return { id, revision, state, routed, saysReady: ready };
      }),
    );
  }
}

/** How many replicas of a revision run: all but those that are leaving or gone. */
export function runningOf(replicas: readonly SeenReplica[], revision: number): number {
  return replicas.filter((r) => r.revision === revision && stays(r)).length;
}

/** Replicas that may get requests, are not leaving, and say themselves that they are ready. */
export function availableOf(replicas: readonly SeenReplica[]): number {
  return replicas.filter((r) => stays(r) && r.routed && r.saysReady).length;
}

/** Longest time without a sample, ms: what lasted less may have been missed. */
export function longestGap(samples: readonly Sample[]): number {
  return Math.max(...samples.map(({ atMs }, index) => atMs - (samples[index - 1]?.atMs ?? 0)));
}

/** How many say that they are ready, of those that stayed before a reading or after it. */
function readyOf(
  asked: readonly SeenReplica[],
  came: readonly SeenReplica[],
  now: StatusReport,
): number {
  const staying = new Set(now.replicas.filter(stays).map((r) => r.id));
  const counted = asked.filter((r) => stays(r) || staying.has(r.id));
  return [...counted, ...came].filter((r) => r.saysReady).length;
}

/** Whether a replica counts: draining ones are counted apart, as terminating pods are. */
export function stays({ state }: Pick<ReplicaView, "state">): boolean {
  return state !== "draining" && state !== "stopped";
}

function statesOf({ replicas, unreadable }: StatusReport): string {
  return JSON.stringify([unreadable, ...replicas.map((r) => [r.id, r.state, r.routed, r.process])]);
}

function runningIn(checkouts: string, { replicas }: StatusReport): number {
  const leaving = new Set(replicas.filter((r) => !stays(r)).map((r) => r.process));
  return processesIn(checkouts).filter((pid) => !leaving.has(pid)).length;
}

/** Ids of the processes whose working folder lies in a folder; a zombie has none. */
export function processesIn(folder: string): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/cwd`).startsWith(`${folder}/`);
    } catch {
      // It ended meanwhile, or belongs to somebody else.
      return false;
    }
  });
}
