import { setTimeout as after } from "node:timers/promises";
import { type LoadReport, seededRandom, startLoad } from "@hitless/load";
import { OwnFolder } from "../../test/bed/own-folder.ts";
import { type ServerExit, ServerProcess } from "../../test/bed/server-process.ts";
import {
  cpuSecondsOf,
  endedChildrenCpuSeconds,
  machineCpuSeconds,
  treeOf,
} from "../proxy/process-meter.ts";
import { type Contender, fileOf } from "./contenders.ts";
import type { Environment, Place } from "./environments/environment.ts";
import { freePort } from "./free-port.ts";

/** Ways to lose a request. */
export const lossClasses = ["refused", "reused", "fresh", "5xx", "other"] as const;

export type LossClass = (typeof lossClasses)[number];

/** What one SIGTERM came to. */
export interface Run {
  readonly sent: number;
  /**
   * `reused`, `fresh`: reset, or closed without an answer, on a connection that had carried one
   * before or not. `other`: wrong, cut, later than 5 s, 4xx.
   */
  readonly lost: Readonly<Record<LossClass, number>>;
  /** From SIGTERM, s; null: it had to be killed. */
  readonly exitSeconds: number | null;
  readonly exitCode: string | null;
  /** Of answers, by who gave them. */
  readonly answers: { readonly a: number; readonly b: number };
  /** Of 5xx answers, by the proxy's own log. */
  readonly causes: Readonly<Record<string, number>>;
  /** Why it shows nothing; null: one server was replaced by the other, as it should be. */
  readonly fault: string | null;
  /** What processes that have nothing to do with it used meanwhile, in cores. */
  readonly foreignCores: number;
  /** By how much the clients were behind their schedule at worst, ms. */
  readonly lagMs: number;
}

const requestsPerSecond = 800;
/** Half of them POSTs, three eighths on a connection of their own. */
const mix = { fresh: 1, keepalive: 3, post: 4 };
/** Both servers serve for so long before one is stopped, ms. */
const beforeMs = 2000;
/** How long after the SIGTERM server A is taken out of the way, ms. */
const propagationMs = 1500;
/** How long requests go on when it is gone, ms. */
const afterMs = 500;
/** What has not exited so long after the SIGTERM is killed, ms. */
const killAfterMs = 13_000;

/** Loads two copies of a contender, stops one, and counts what was lost. */
export async function runOnce(
  environment: Environment,
  contender: Contender,
  seed: number,
): Promise<Run> {
  await using folder = new OwnFolder("hitless-shutdown-");
  const random = seededRandom(seed);
  const placeOf = async (): Promise<Place> => ({
    port: await freePort(random),
    checkPort: contender.ownCheckPort === true ? await freePort(random) : null,
  });
  const start = (name: string, { port, checkPort }: Place) => {
    const env = { ...folder.env, NAME: name, CHECK_PORT: String(checkPort ?? "") };
    return ServerProcess.start({ file: fileOf(contender), port, env });
  };
  const places = { a: await placeOf(), b: await placeOf() };
  await using a = await start("A", places.a);
  await using b = await start("B", places.b);
  const stage = { folder: folder.path, ...places, random };
  await using scene = await environment.setUp(stage);
  const stopForeign = foreignMeter();
  await using load = startLoad({
    url: `http://127.0.0.1:${a.port}`,
    rate: requestsPerSecond,
    mix,
    idleUpToMs: 3000,
    nextPort: scene.nextPort,
    seed,
    firstPhase: "both",
  });
  await after(beforeMs);
  load.phase("stopping");
  const stoppedAt = performance.now();
  a.kill("SIGTERM");
  await after(propagationMs);
  await scene.removeA();
  const exit = await Promise.race([a.exited, after(killAfterMs - propagationMs, null)]);
  load.phase("gone");
  await after(afterMs);
  const report = await load.stop();
  return runOf(report, {
    foreignCores: stopForeign(),
    fault: faultOf(report, { a: a.pid, b: b.pid }, exit),
    exitSeconds: exit === null ? null : (exit.at - stoppedAt) / 1000,
    exitCode: exit === null ? null : exit.code,
    causes: await scene.causes(),
  });
}

/** Returns how to read what others than this process and its children have used since, in cores. */
function foreignMeter(): () => number {
  const pids = treeOf(process.pid);
  const foreign = () => machineCpuSeconds() - endedChildrenCpuSeconds() - cpuSecondsOf(pids);
  const [began, before] = [performance.now(), foreign()];
  return () => (foreign() - before) / ((performance.now() - began) / 1000);
}

/** Whether both served before, and only the other one after the exit. */
function faultOf(
  { phases }: LoadReport,
  pids: { readonly a: number; readonly b: number },
  exit: ServerExit | null,
): string | null {
  const answers = (phase: string, version: string, pid: number) =>
    phases.find(({ name }) => name === phase)?.answersBy[version]?.[pid] ?? 0;
  const [aBefore, bBefore] = [answers("both", "A", pids.a), answers("both", "B", pids.b)];
  if (aBefore === 0 || bBefore === 0) {
    return `before the SIGTERM A gave ${aBefore} answers and B ${bBefore}`;
  }
  const [aAfter, bAfter] = [answers("gone", "A", pids.a), answers("gone", "B", pids.b)];
  if (bAfter === 0 || (exit !== null && aAfter > 0)) {
    return `after the exit of A it gave ${aAfter} answers and B ${bAfter}`;
  }
  return null;
}

function runOf(
  { total }: LoadReport,
  ended: Pick<Run, "exitSeconds" | "exitCode" | "causes" | "fault" | "foreignCores">,
): Run {
  const { refused, reset, "closed-early": closedEarly, "status-5xx": fives } = total.lostByCause;
  const reused = total.resetOnReused;
  const fresh = reset + closedEarly - reused;
  const answersOf = (version: string) =>
    Object.values(total.answersBy[version] ?? {}).reduce((sum, count) => sum + count, 0);
  return {
    sent: total.sent,
    lost: {
      refused,
      reused,
      fresh,
      "5xx": fives,
      other: total.lost - refused - reused - fresh - fives,
    },
    ...ended,
    answers: { a: answersOf("A"), b: answersOf("B") },
    lagMs: total.clientLagMs,
  };
}
