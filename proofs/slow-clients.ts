import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type LoadReport, type LoadSession, type PhaseReport, startLoad } from "@hitless/load";
import type { ProxyTable } from "@hitless/proxy";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { residentMiB } from "../test/bed/footprint.ts";
import { proxyOf } from "../test/bed/proxy-of.ts";
import { Attack, type AttackReport, addAttacks, Sidecar } from "../test/bed/slow-clients/attack.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const descriptors = 256;
/** How long attackers of each kind may stay, ms: the limit, the coarseness of the clock, and a loaded machine. */
const longestMs = { head: 10_000, body: 5_000, read: 30_000 } as const;
const slackMs = 15_000;
/** In that time the attackers come, and are sent as much as the buffers of the system hold. */
const risingMs = 10_000;
/** Two cores that run clients, proxy and app do more to a p99 than this by themselves, ms, and as much as the client itself was late. */
const noiseMs = 50;
/** What a client may hold: its own objects, and 64 KB of an answer. */
const mostKiBPerClient = 160;

/** Clients that take as long as they may, beside honest ones; then with hardly any descriptors. */
export const proof: Proof = {
  title: "thousands of slow clients, and no descriptors left: honest clients are served as before",
  seconds: 270,
  takes: [
    {
      kind: "number",
      name: "CLIENTS",
      what: "how many slow clients, a third of each kind; 2000",
      least: 3,
    },
    { kind: "number", name: "SECONDS", what: "length of each attack; 40", least: 5 },
    { kind: "number", name: "ROUNDS", what: "attacks, with a calm before each; 2", least: 1 },
  ],
  async run(args): Promise<Finding> {
    const [clients = 2000, seconds = 40, rounds = 2] = args.map(Number);
    if (spawnSync("prlimit", ["--version"]).status !== 0) {
      return { figure: "prlimit is missing (apt-get install util-linux)", ok: false };
    }
    await using bed = await AppBed.make({ app: "../test/bed/apps/large" });
    await bed.must(0, "up", "--detach");
    const plain = await attacked(bed, { clients, seconds, rounds });
    const scarce = await withoutDescriptors(bed, { clients, seconds });
    const naive = await naiveProxy(bed, { clients, seconds });
    const faults = [...plain.faults, ...scarce.faults];
    if (naive.share === 0) faults.push("the naive proxy lost nothing: the attack shows nothing");
    // Connections that wait make room, and of one that is used at that moment a request may be lost.
    if (scarce.share > naive.share / 20)
      faults.push("too many honest requests lost without descriptors");
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return {
      figure: `${plain.figure}; ${scarce.figure}; ${naive.figure}`,
      ok: faults.length === 0,
    };
  },
};

interface Found {
  readonly figure: string;
  readonly faults: readonly string[];
}

interface Siege {
  readonly clients: number;
  readonly seconds: number;
}

/** Calm and attacked in turn, with all the descriptors that there are. */
async function attacked(bed: AppBed, siege: Siege & { readonly rounds: number }): Promise<Found> {
  const worker = await workerOf(bed);
  const memory = new Peak(worker);
  await using load = startLoad({ url: bed.url, rate, firstPhase: "warm" });
  await after(3000);
  const before = await memory.look();
  let attack: AttackReport | null = null;
  for (let round = 0; round < siege.rounds; round += 1) {
    load.phase("calm");
    await after(siege.seconds * 500);
    const seen = await besiege(load, bed.port, { ...siege, phase: "attacked", memory });
    attack = attack === null ? seen : addAttacks(attack, seen);
    load.phase("between");
    await until(async () => (await open(bed)) < siege.clients / 4, "the attackers have left");
  }
  const report = await load.stop();
  const calm = phaseOf(report, "calm");
  const hit = phaseOf(report, "attacked");
  const peak = memory.peak;
  const ratio = hit.latencyMs.p99 / calm.latencyMs.p99;
  console.log(describe(report));
  for (const [kind, { endedBy, longestMs: longest, ended }] of Object.entries(
    attack?.tally ?? {},
  )) {
    console.log(`${kind}: ${ended} ended ${JSON.stringify(endedBy)}, longest ${longest} ms`);
  }
  console.log(`worker ${worker}: ${before} MiB before, ${peak} MiB at most`);
  return {
    figure:
      `${siege.clients} slow clients: ${hit.lost} of ${hit.sent} honest requests lost, p99 ${hit.latencyMs.p99} ms ` +
      `(calm ${calm.latencyMs.p99} ms, ${ratio.toFixed(1)}x; while they came ${phaseOf(report, "rising").latencyMs.p99} ms), worker ${before} → ${peak} MiB`,
    faults: [
      ...(report.total.lost === 0 ? [] : [`${report.total.lost} honest requests lost`]),
      ...(ratio <= 2 || hit.latencyMs.p99 - calm.latencyMs.p99 < Math.max(noiseMs, hit.clientLagMs)
        ? []
        : [`p99 is ${ratio.toFixed(2)}x of the calm one`]),
      ...((peak - before) * 1024 <= siege.clients * mostKiBPerClient
        ? []
        : [`memory grew by ${peak - before} MiB`]),
      ...(attack === null ? [] : overstayed(attack, siege.seconds)),
    ],
  };
}

/** The same with a worker that may have few descriptors. */
async function withoutDescriptors(bed: AppBed, siege: Siege) {
  const before = await workerOf(bed);
  const { holderPid } = (await proxyOf(bed)) ?? { holderPid: 0 };
  await Sidecar.run("prlimit", [`--pid=${holderPid}`, `--nofile=${descriptors}:${descriptors}`]);
  process.kill(before, "SIGKILL");
  await until(async () => (await workerOf(bed)) !== before, "the next worker serves");
  const worker = await workerOf(bed);
  const memory = new Peak(worker);
  await using load = startLoad({ url: bed.url, rate, firstPhase: "calm" });
  await after(5000);
  await besiege(load, bed.port, { ...siege, phase: "besieged", memory });
  load.phase("leaving");
  await until(async () => (await open(bed)) < 50, "the attackers have left");
  load.phase("after");
  await after(5000);
  const report = await load.stop();
  console.log(describe(report));
  const refused = (await proxyOf(bed))?.answeredByProxy["too-many-connections"] ?? 0;
  const hit = phaseOf(report, "besieged");
  return {
    share: hit.lost / hit.sent,
    figure:
      `with ${descriptors} descriptors: ${hit.lost} of ${hit.sent} honest requests lost, ${phaseOf(report, "after").lost} after it, ` +
      `${refused} refused by name, same worker ${worker === (await workerOf(bed))}`,
    faults: [
      ...(phaseOf(report, "after").lost === 0 ? [] : ["it did not recover"]),
      ...(refused > 0 ? [] : ["nobody was refused: there were descriptors enough"]),
      ...(worker === (await workerOf(bed)) ? [] : [`worker ${worker} ended`]),
    ],
  };
}

/** The control: a proxy without limits, with as few descriptors. */
async function naiveProxy(bed: AppBed, siege: Siege) {
  const table = await tableOf(bed);
  const target = table.replicas[0]?.port ?? 0;
  await using proxy = await Sidecar.start("naive-proxy.cjs", [target], descriptors);
  const port = Number(proxy.said);
  const load = startLoad({ url: `http://127.0.0.1:${port}`, rate, firstPhase: "calm" });
  await after(3000);
  await besiege(load, port, { ...siege, seconds: Math.min(siege.seconds, 15), phase: "besieged" });
  const { lost, sent } = phaseOf(await load.stop(), "besieged");
  return { share: lost / sent, figure: `a naive proxy lost ${lost} of ${sent}` };
}

async function besiege(
  load: LoadSession,
  port: number,
  siege: Siege & { readonly phase: string; readonly memory?: Peak },
): Promise<AttackReport> {
  await using attack = await Attack.start(port, siege.clients);
  load.phase("rising");
  await after(risingMs);
  load.phase(siege.phase);
  for (let second = 0; second < siege.seconds; second += 1) {
    await after(1000);
    await siege.memory?.look();
  }
  load.phase("falling");
  return await attack.stop();
}

function overstayed(attack: AttackReport, seconds: number): readonly string[] {
  const kinds = ["head", "body", "read"] as const;
  return kinds.flatMap((kind) => {
    const { longestMs: longest, ended } = attack.tally[kind];
    const most = longestMs[kind] + slackMs;
    if (longest > most) return [`a slow ${kind} stayed for ${longest} ms`];
    return ended > 0 || most > seconds * 1000 ? [] : [`no slow ${kind} was ended`];
  });
}

/** The most memory that was seen. */
class Peak {
  peak = 0;
  private readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  async look(): Promise<number> {
    const now = Math.round(await residentMiB(this.pid));
    this.peak = Math.max(this.peak, now);
    return now;
  }
}

async function workerOf(bed: AppBed): Promise<number> {
  return (await proxyOf(bed))?.workers[0]?.pid ?? 0;
}

async function open(bed: AppBed): Promise<number> {
  return (await proxyOf(bed))?.openConnections ?? 0;
}

async function tableOf(bed: AppBed): Promise<ProxyTable> {
  const text = await readFile(join(bed.dir, ".hitless/proxy/proxy-table.json"), "utf8");
  return JSON.parse(text).table;
}

function phaseOf(report: LoadReport, name: string): PhaseReport {
  const found = report.phases.find((phase) => phase.name === name);
  if (found === undefined) throw new Error(`no phase ${name}`);
  return found;
}

function describe(report: LoadReport): string {
  return report.phases
    .map(({ name, sent, lost, latencyMs, clientLagMs, examples }) => {
      const why = examples
        .slice(0, 3)
        .map(({ kind, cause, detail }) => `${kind} ${cause} ${detail}`);
      return `${name}: ${sent} sent, ${lost} lost, p50 ${latencyMs.p50} p99 ${latencyMs.p99} ms (lag ${Math.round(clientLagMs)}) ${why.join("; ")}`;
    })
    .join("\n");
}
