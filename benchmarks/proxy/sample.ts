import { execFile } from "node:child_process";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { residentMiB } from "../../test/bed/footprint.ts";
import type { Contender } from "./contender.ts";
import {
  cpuSecondsOf,
  endedChildrenCpuSeconds,
  machineCpuSeconds,
  treeOf,
} from "./process-meter.ts";
import type { Shape } from "./shapes.ts";

/** What a few seconds of one shape through one contender came to. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** CPU time of all processes of the contender, microseconds for each request. */
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** At the end, all processes of the contender together. */
  readonly residentMiB: number;
  /** What processes that have nothing to do with it used meanwhile, in cores. */
  readonly foreignCores: number;
}

/** Between contender and app; all processes of these are the benchmark's own. */
export interface Rig {
  readonly contenders: readonly Contender[];
  readonly upstreamPids: readonly number[];
}

const script = fileURLToPath(new URL("wrk.lua", import.meta.url));
const lookMs = 250;
const quietWithinMs = 2_000;

const report = z.object({
  requests: z.number(),
  seconds: z.number(),
  socketErrors: z.number(),
  badStatus: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
});

/** Loads one contender. Throws when a request of it failed: then no other figure means anything. */
export async function sample(
  rig: Rig,
  { contender, shape, seconds }: { contender: Contender; shape: Shape; seconds: number },
): Promise<Sample> {
  const proxy = treeOf(contender.pid);
  const stopForeign = foreignMeter(rig);
  const cpuBefore = cpuSecondsOf(proxy);
  const { requests, ...said } = await wrk(contender.port, shape, seconds);
  const cpu = cpuSecondsOf(proxy) - cpuBefore;
  if (said.socketErrors + said.badStatus > 0 || requests === 0) {
    throw new Error(
      `${contender.name}, ${shape.name}: of ${requests} requests ${said.badStatus} were answered ` +
        `with an error, and ${said.socketErrors} times a connection failed`,
    );
  }
  return {
    requestsPerSecond: requests / said.seconds,
    cpuMicros: (cpu / requests) * 1e6,
    p50Ms: said.p50Ms,
    p99Ms: said.p99Ms,
    residentMiB: sum(await Promise.all(proxy.map(residentMiB))),
    foreignCores: stopForeign(),
  };
}

/** Waits for a moment when others use less of the machine, in cores; not for ever. */
export async function quiet(rig: Rig, foreign: number): Promise<void> {
  const deadline = performance.now() + quietWithinMs;
  do {
    const stopForeign = foreignMeter(rig);
    await after(lookMs);
    if (stopForeign() < foreign) return;
  } while (performance.now() < deadline);
}

/** Returns how to read what others have used since, in cores. */
function foreignMeter({ contenders, upstreamPids }: Rig): () => number {
  const pids = [process.pid, ...upstreamPids, ...contenders.map(({ pid }) => pid)].flatMap(
    (root) => (root === process.pid ? [root] : treeOf(root)),
  );
  const foreign = () => machineCpuSeconds() - endedChildrenCpuSeconds() - cpuSecondsOf(pids);
  const [began, before] = [performance.now(), foreign()];
  return () => (foreign() - before) / ((performance.now() - began) / 1000);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function wrk(port: number, shape: Shape, seconds: number) {
  const url = `http://127.0.0.1:${port}${shape.path}`;
  const load = ["-t1", `-c${shape.connections}`, `-d${seconds}s`, "--latency", "-s", script, url];
  const headers = Object.entries(shape.headers).flat();
  const asked = ["--", shape.method, String(shape.bodyBytes), ...headers];
  const { stdout } = await promisify(execFile)("wrk", [...load, ...asked]);
  return report.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}
