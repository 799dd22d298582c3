import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import {
  addTraffic,
  lostRequests,
  noTraffic,
  type ReleaseRecord,
  type ReplicaView,
  type TrafficTotals,
} from "@hitless/core";
import type { LoadOptions, LoadReport } from "@hitless/load";
import { startLoad } from "@hitless/load";
import { z } from "zod";
import { AppBed } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";
import { naiveSwap } from "./naive-swap.ts";
import { OrderLedger } from "./order-ledger.ts";

/** Orders and slow looks take 300 ms: there is always something in flight. */
const load = {
  rate: 150,
  mix: { fresh: 15, keepalive: 15, post: 30, slow: 40 },
  seed: 7,
} as const satisfies Omit<LoadOptions, "url">;
const controlSeed = load.seed + 1;
const replicas = 3;
/** Up to so long after one was found, a replica is killed. */
const longestWaitMs = 300;
const standstillMs = 60_000;

/** What came of replicas that were killed in the middle of releases under load. */
export interface KilledReplicas {
  readonly kills: { readonly stable: number; readonly canary: number };
  readonly rows: readonly ReleaseRecord[];
  /** The sum over the releases' rows of `history`. */
  readonly history: TrafficTotals;
  readonly report: LoadReport;
  readonly controlLost: number;
  /** Orders that the app says it executed, and how many more than once. */
  readonly orders: { readonly executed: number; readonly twice: number };
  /** What is not as promised, in words. */
  readonly faults: readonly string[];
}

export interface KillOptions {
  readonly releases: number;
  readonly random: () => number;
  /** `/slow` is answered in one piece after 300 ms, every second `/begun` in two. */
  readonly slow: "/slow" | "/begun";
}

/** Releases so many times; in each, SIGKILLs one or two ready replicas, of either revision. */
export async function killReplicasThrough(options: KillOptions): Promise<KilledReplicas> {
  const { releases, random } = options;
  await using bed = await AppBed.make({
    app: "../test/bed/apps/order-book",
    settings: { replicas },
  });
  const ledger = await OrderLedger.of(bed);
  const control = await naiveSwap(bed, { load: { ...load, seed: controlSeed }, phaseMs: 500 });
  await bed.must(0, "up", "--detach");
  const client = await connectTo(bed);
  await using session = startLoad({ ...load, paths: { slow: options.slow }, url: bed.url });
  const kills = { stable: 0, canary: 0 };
  const faults: string[] = [];
  for (let n = 1; n <= releases; n += 1) {
    const sides = sidesOf(n, random);
    const { done } = bed.start("release", "--set", `config.GREETING=${n}`, "--wait");
    for (const side of sides) {
      if (await killOne(client, { release: n + 1, side, random })) kills[side] += 1;
    }
    const { code, stderr } = await done;
    if (code !== 0) faults.push(`release ${n + 1}: exit ${code}: ${stderr}`);
  }
  const report = await session.stop();
  const counted = countedBy(await client.status());
  await client.close();
  const rows = (await bed.history()).slice(1);
  const orders = await ledger.read(load.seed);
  const history = rows.map((row) => row.traffic ?? noTraffic).reduce(addTraffic, noTraffic);
  const { kinds } = report.total;
  const [answered, sent] = [kinds.post.sent - kinds.post.lost, kinds.post.sent];
  return {
    kills,
    rows,
    history,
    report,
    controlLost: control.load.phases.find(({ name }) => name === "swap")?.lost ?? 0,
    orders: { executed: orders.executed, twice: orders.twice.length },
    faults: [
      ...faults,
      ...rows.flatMap(faultsOfRow),
      ...disagreements(report, history).map((text) => `history and the clients: ${text}`),
      ...disagreements(report, counted).map((text) => `the proxy and the clients: ${text}`),
      ...orders.twice.map((id) => `order ${id} was executed more than once`),
      ...(orders.executed < answered || orders.executed > sent
        ? [`${orders.executed} orders were executed, ${answered} of ${sent} were answered`]
        : []),
    ],
  };
}

type Side = "stable" | "canary";

/** The odd ones kill both, the even ones one of them. */
function sidesOf(n: number, random: () => number): readonly Side[] {
  const sides: readonly Side[] = random() < 0.5 ? ["stable", "canary"] : ["canary", "stable"];
  return n % 2 === 1 ? sides : sides.slice(0, 1);
}

interface Aim {
  readonly release: number;
  readonly side: Side;
  readonly random: () => number;
}

/** Kills a ready replica of that side, with requests on it when there is one; false when too late. */
async function killOne(client: ControllerClient, aim: Aim): Promise<boolean> {
  if ((await victimsOf(client, aim)).length === 0) return false;
  await after(aim.random() * longestWaitMs);
  const victims = await victimsOf(client, aim);
  const pid = Number(victims[Math.floor(aim.random() * victims.length)]?.process ?? 0);
  if (pid > 0) process.kill(pid, "SIGKILL");
  return pid > 0;
}

/**
 * Waits for ready replicas of that side; none when the release came too far. It has to have a
 * replica left to start, so that it cannot end before what the kill cost was counted.
 */
async function victimsOf(
  client: ControllerClient,
  { release, side }: Aim,
): Promise<readonly ReplicaView[]> {
  const deadline = Date.now() + standstillMs;
  for (let status = await client.status(); ; status = await client.status(status.version)) {
    const over = (status.lastRelease?.id ?? 0) >= release;
    if (over || readyOf(status, "canary").length >= replicas) return [];
    const counts = status.release?.id === release && status.release.traffic !== null;
    const ready = counts ? readyOf(status, side) : [];
    const busy = ready.filter((replica) => (replica.inFlight ?? 0) > 0);
    if (ready.length > 0) return busy.length > 0 ? busy : ready;
    if (Date.now() > deadline) throw new Error(`stands still: ${JSON.stringify(status.why)}`);
  }
}

function readyOf({ release, replicas: all }: StatusReport, side: Side) {
  const revision = side === "stable" ? release?.from : release?.to;
  return all.filter((r) => r.revision === revision && r.state === "ready" && r.routed);
}

function faultsOfRow({ id, outcome, traffic }: ReleaseRecord): readonly string[] {
  return [
    ...(outcome === "succeeded" ? [] : [`release ${id} ${outcome}`]),
    ...(traffic?.gaps === 0 ? [] : [`release ${id} has no whole account of its traffic`]),
  ];
}

const proxyPart = z.object({
  proxy: z.object({
    traffic: z.object({
      totals: z.object({
        answered: z.number(),
        failed: z.record(z.string(), z.number()),
        cut: z.record(z.string(), z.number()),
        rejected: z.number(),
        abandoned: z.number(),
        retried: z.number(),
        retriedAnswered: z.number(),
        gaps: z.number(),
      }),
    }),
  }),
});

/** What the proxy counted since it started. */
function countedBy({ engine }: StatusReport): TrafficTotals {
  return proxyPart.parse(engine).proxy.traffic.totals;
}

/** Where one's losses are not the other's, by reason. */
function disagreements({ total }: LoadReport, counted: TrafficTotals): readonly string[] {
  const seen = Object.fromEntries(
    Object.entries(total.lostByAnswer).map(([answer, n]) => [answer.replace(/^\d+ /, ""), n]),
  );
  const cut = lostRequests({ ...counted, failed: {} });
  const answers = Object.values(seen).reduce((sum, n) => sum + n, 0);
  const reasons = [...new Set([...Object.keys(seen), ...Object.keys(counted.failed)])];
  return [
    ...reasons
      .filter((reason) => seen[reason] !== counted.failed[reason])
      .map((r) => `${r}: ${counted.failed[r] ?? 0} counted, ${seen[r] ?? 0} seen`),
    ...(cut === total.lost - answers ? [] : [`${cut} cut, ${total.lost - answers} seen`]),
  ];
}
