import { readFile } from "node:fs/promises";
import { type MemorySample, medianOf, trendOf } from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { ClosedLoop } from "../test/bed/closed-loop.ts";
import { Crowd, type CrowdKind } from "../test/bed/crowd.ts";
import { descriptorsOf, residentMiB } from "../test/bed/footprint.ts";
import { proxyOf } from "../test/bed/proxy-of.ts";
import type { Finding, Proof } from "./proof.ts";

/**
 * Memory of holder and workers may be so much more at the end than once warm, MiB: the swing of three
 * collectors together. The smallest object for each of 10 million requests would be 100.
 */
const mayGrowMiB = 40;
/** A crowd is there so often: a third of them to warm up, one to compare with, and the last. */
const crowdsInARow = 6;
/** The last third may leave so much more behind than the one before, MiB: half a KiB for each of the 20,000 connections between. */
const mayStayMiB = 10;
/** Descriptors that may be open by chance at the moment of a look. */
const slack = 4;
const sampleEveryMs = 1000;
const tellEvery = 15;
/** Requests beside a look at a crowd, and how often it is looked meanwhile, ms. */
const sweeping = 50_000;
const sweptEveryMs = 100;
/** Connections that there is room for besides a crowd. */
const headroom = 100;
const names = { keepAlive: "idle connections", webSocket: "WebSockets" } as const;
const load = { clients: 32, perConnection: 100, bodyBytes: 20 } as const;

/** What the proxy takes at a moment, holder and workers together. */
interface Taken {
  readonly mib: number;
  readonly descriptors: number;
}

export const proof: Proof = {
  title:
    "10 million requests, 10,000 idle connections, 2,000 WebSockets: the proxy's memory stays flat",
  seconds: 600,
  takes: [
    { kind: "number", name: "REQUESTS", what: "how many; 10000000", least: 1000 },
    { kind: "number", name: "CONNECTIONS", what: "idle at the same time; 10000", least: 1 },
    { kind: "number", name: "WEBSOCKETS", what: "open at the same time; 2000", least: 1 },
  ],
  async run([requests = 10_000_000, connections = 10_000, webSockets = 2000]): Promise<Finding> {
    const workers = await workersFor(Number(connections));
    await using bed = await AppBed.make({
      app: "../test/bed/apps/echo",
      settings: { proxy: { maxConnections: Number(connections) + headroom } },
    });
    await bed.must(0, "up", "--detach", "--workers", String(workers));
    const meter = await ProxyMeter.of(bed, workers);
    const findings = [
      await manyRequests(bed, meter, Number(requests)),
      await crowds({ bed, meter, kind: "keepAlive" }, Number(connections)),
      await crowds({ bed, meter, kind: "webSocket" }, Number(webSockets)),
    ];
    await meter.sameProcesses(bed);
    return {
      figure: findings.map(({ figure }) => figure).join("; "),
      ok: findings.every(({ ok }) => ok),
    };
  },
};

/** Holder and workers of a bed's proxy, which have to stay the same processes. */
class ProxyMeter {
  private readonly pids: readonly number[];

  private constructor(pids: readonly number[]) {
    this.pids = pids;
  }

  static async of(bed: AppBed, workers: number): Promise<ProxyMeter> {
    let pids: readonly number[] = [];
    await until(async () => {
      pids = await proxyPids(bed);
      return pids.length === workers + 1;
    }, `${workers} workers serve`);
    console.log(`${workers} ${workers === 1 ? "worker" : "workers"} and the holder`);
    return new ProxyMeter(pids);
  }

  async look(): Promise<Taken> {
    const memory = await Promise.all(this.pids.map(residentMiB));
    const descriptors = await Promise.all(this.pids.map(descriptorsOf));
    return { mib: sum(memory), descriptors: sum(descriptors) };
  }

  async sameProcesses(bed: AppBed): Promise<void> {
    const now = await proxyPids(bed);
    if (now.join() !== this.pids.join()) throw new Error(`${now} run, no more ${this.pids}`);
  }
}

async function proxyPids(bed: AppBed): Promise<readonly number[]> {
  const proxy = await proxyOf(bed);
  if (proxy === null) throw new Error("no proxy runs");
  return [proxy.holderPid, ...proxy.workers.map(({ pid }) => pid)];
}

async function manyRequests(bed: AppBed, meter: ProxyMeter, requests: number): Promise<Finding> {
  const before = await meter.look();
  const samples: MemorySample[] = [];
  const clients = new ClosedLoop({ ...load, port: bed.port, requests });
  const began = performance.now();
  const sampling = setInterval(() => void sampleOnce(), sampleEveryMs);
  async function sampleOnce(): Promise<void> {
    const { mib } = await meter.look();
    const atMs = performance.now() - began;
    samples.push({ atMs, mib });
    if (samples.length % tellEvery !== 0) return;
    const rate = (clients.answered / atMs) * 1000;
    const left = (requests - clients.answered) / rate / 60;
    console.log(
      `${clients.answered} of ${requests} requests, ${rate.toFixed(0)}/s, ${mib.toFixed(0)} MiB, ${left.toFixed(1)} min left`,
    );
  }
  try {
    await clients.run();
  } finally {
    clearInterval(sampling);
  }
  await sampleOnce();
  const { settled, last } = trendOf(samples);
  const seconds = (performance.now() - began) / 1000;
  return {
    figure:
      `${clients.answered} requests (${(clients.answered / seconds).toFixed(0)}/s): ` +
      `${before.mib.toFixed(0)} MiB before, ${settled.toFixed(0)} once warm, ${last.toFixed(0)} at the end`,
    ok: clients.answered === requests && last <= settled + mayGrowMiB,
  };
}

interface CrowdScene {
  readonly bed: AppBed;
  readonly meter: ProxyMeter;
  readonly kind: CrowdKind;
}

/** Time and again: what the first ones leave behind has to do for those that follow. */
async function crowds(scene: CrowdScene, count: number): Promise<Finding> {
  const before = await sweptLook(scene);
  const seen: { readonly open: Taken; readonly after: Taken }[] = [];
  for (let n = 0; n < crowdsInARow; n += 1) seen.push(await oneCrowd(scene, before, count));
  const left = seen.map(({ after }) => after.mib);
  const without = Math.min(before.mib, ...left);
  const kiB = ((Math.max(...seen.map(({ open }) => open.mib)) - without) * 1024) / count;
  const third = left.length / 3;
  const [early, late] = [left.slice(third, -third), left.slice(-third)].map(meanOf);
  return {
    figure:
      `${crowdsInARow} times ${count} ${names[scene.kind]}: at most ${kiB.toFixed(1)} KiB each, ${before.mib.toFixed(0)} MiB before, ` +
      `${left.map((mib) => mib.toFixed(0)).join(", ")} when they had gone, all descriptors back`,
    ok: (late ?? Number.NaN) <= (early ?? Number.NaN) + mayStayMiB,
  };
}

async function oneCrowd(scene: CrowdScene, before: Taken, count: number) {
  const { bed, meter, kind } = scene;
  const crowd = await Crowd.gather(bed.port, count, kind);
  try {
    if (kind === "webSocket") await crowd.sayHello();
    const open = await sweptLook(scene);
    if (crowd.open !== count) throw new Error(`${count - crowd.open} connections were closed`);
    const held = (await proxyOf(bed))?.openConnections ?? 0;
    if (held < count) throw new Error(`the proxy says that it holds ${held} of ${count}`);
    crowd.close();
    const most = before.descriptors + slack;
    await until(
      async () => (await meter.look()).descriptors <= most,
      `descriptors come back to ${most}`,
    );
    const after = await sweptLook(scene);
    console.log(
      `${count} ${names[kind]}: ${shown(before)} before, ${shown(open)} open, ${shown(after)} after`,
    );
    return { open, after };
  } finally {
    crowd.close();
  }
}

/** Under a small load, so that it does not matter whether the collector has just been there. */
async function sweptLook({ bed, meter }: CrowdScene): Promise<Taken> {
  const looks: Taken[] = [];
  const clients = new ClosedLoop({ ...load, port: bed.port, requests: sweeping });
  const sampling = setInterval(() => {
    void meter.look().then((taken) => looks.push(taken));
  }, sweptEveryMs);
  try {
    await clients.run();
  } finally {
    clearInterval(sampling);
  }
  return { ...(await meter.look()), mib: medianOf(looks.map(({ mib }) => mib)) };
}

function shown({ mib, descriptors }: Taken): string {
  return `${mib.toFixed(0)} MiB and ${descriptors} descriptors`;
}

/**
 * How many workers it takes within the descriptors that a process may have: Node raises its own
 * limit to the hard one, and a worker keeps a second descriptor for each client, for its replica,
 * and some for those that it sends away.
 */
async function workersFor(connections: number): Promise<number> {
  const limits = await readFile("/proc/self/limits", "utf8");
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? "";
  if (hard === "unlimited") return 1;
  if (Number(hard) >= connections + headroom) {
    return Math.ceil(((connections + headroom) * 2.25 + headroom) / Number(hard));
  }
  throw new Error(
    `${connections} connections need more descriptors than the hard limit of ${hard}: raise it ` +
      `(\`ulimit -n ${connections + headroom}\` as root), or ask for fewer`,
  );
}

function meanOf(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
