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
/** How long attackers of each kind may stay, ms: their limits, and twice the coarseness of the clock that keeps them. */
const longestMs = { head: 12_000, body: 7_500, read: 32_000 } as const;
/** How they have to be ended. */
const endings = { head: "408 head-timeout", body: "408 body-timeout", read: "ECONNRESET" } as const;
/** In that time the attackers come. */
const comeMs = 5_000;
const burstSeconds = 10;
/**
 * What a client may hold at the proxy, KiB, by the limits: its own objects and those of its upstream connection; its
 * head; what is kept of its body, and the memory for the answer; what it has not taken, and the memory for more.
 */
const objectsKiB = 24;
const heldKiB = { head: 16, body: 64 + 16, read: 64 + 64 } as const;
const kinds = ["head", "body", "read"] as const;

/** Clients that take as long as they may, beside honest ones; then with hardly any descriptors. */
export const proof: Proof = {
  title: "thousands of slow clients, and no descriptors left: honest clients are served as before",
  seconds: 420,
  takes: [
    {
      kind: "number",
      name: "CLIENTS",
      what: "how many slow clients, a third of each kind; 2000",
      least: 3,
    },
    { kind: "number", name: "SECONDS", what: "length of each attack; 40", least: 5 },
    {
      kind: "number",
      name: "ROUNDS",
      what: "attacks, each beside one that meets another server; 2",
      least: 1,
    },
  ],
  async run(args): Promise<Finding> {
    const [clients = 2000, seconds = 40, rounds = 2] = args.map(Number);
    for (const [command, from] of [
      ["prlimit", "util-linux"],
      ["python3", "python3"],
    ] as const) {
      if (spawnSync(command, ["--version"]).status === 0) continue;
      return { figure: `${command} is missing (apt-get install ${from})`, ok: false };
    }
    await using bed = await AppBed.make({ app: "../test/bed/apps/large" });
    await bed.must(0, "up", "--detach");
    const plain = await attacked(bed, { clients, seconds, rounds });
    const scarce = await withoutDescriptors(bed, { clients, seconds, rounds });
    const naive = await naiveProxy(bed, { clients, seconds, rounds });
    const faults = [...plain.faults, ...scarce.faults];
    if (naive.lost === 0) faults.push("the naive proxy lost nothing: the attack shows nothing");
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
  readonly rounds: number;
}

/**
 * The same attackers in turn at another server, so that the machine has as much to do, and at the proxy; with all the
 * descriptors that there are.
 */
async function attacked(bed: AppBed, siege: Siege): Promise<Found> {
  const worker = await workerOf(bed);
  const memory = new Peak(worker);
  await using sink = await Sidecar.start("sink.cjs", []);
  const aside = Number(sink.said);
  await using load = startLoad({ url: bed.url, rate, firstPhase: "warm" });
  await after(3000);
  load.phase("calm");
  await after(siege.seconds * 500);
  const before = await memory.look();
  let attack: AttackReport | null = null;
  for (let round = 0; round < siege.rounds; round += 1) {
    await besiege(load, { ...siege, port: aside, comeMs, phase: "beside" });
    const seen = await besiege(load, {
      ...siege,
      port: bed.port,
      comeMs,
      phase: "attacked",
      memory,
    });
    attack = attack === null ? seen : addAttacks(attack, seen);
    await untilLeft(bed, load, siege.clients / 4);
  }
  const burst = { ...siege, seconds: burstSeconds, comeMs: 0 };
  await besiege(load, { ...burst, port: aside, phase: "burst beside" });
  await besiege(load, { ...burst, port: bed.port, phase: "burst", memory });
  await untilLeft(bed, load, siege.clients / 4);
  const report = await load.stop();
  console.log(describe(report));
  for (const kind of kinds) console.log(`${kind}: ${JSON.stringify(attack?.tally[kind])}`);
  const { peak } = memory;
  console.log(`worker ${worker}: ${before} MiB before, ${peak} MiB at most`);
  const mostMiB = Math.round((siege.clients * mostKiBPerClient()) / 1024);
  const slower = slowdown(report, "attacked", "beside");
  return {
    figure:
      `${siege.clients} slow clients: ${report.total.lost} of ${report.total.sent} honest requests lost, p99 ${slower.figure}, ` +
      `all at once ${slowdown(report, "burst", "burst beside").figure}, nobody attacked ${phaseOf(report, "calm").latencyMs.p99} ms; ` +
      `worker ${before} → ${peak} MiB (at most ${mostMiB} more)`,
    faults: [
      ...(report.total.lost === 0 ? [] : [`${report.total.lost} honest requests lost`]),
      ...slower.faults,
      ...(peak - before <= mostMiB ? [] : [`memory grew by ${peak - before} MiB`]),
      ...(attack === null ? [] : overstayed(attack, siege.seconds)),
    ],
  };
}

/** The same with a worker that may have few descriptors. */
async function withoutDescriptors(bed: AppBed, siege: Siege): Promise<Found> {
  const before = await workerOf(bed);
  const { holderPid } = (await proxyOf(bed)) ?? { holderPid: 0 };
  await Sidecar.run("prlimit", [`--pid=${holderPid}`, `--nofile=${descriptors}:${descriptors}`]);
  process.kill(before, "SIGKILL");
  await until(async () => (await workerOf(bed)) !== before, "the next worker serves");
  const worker = await workerOf(bed);
  const memory = new Peak(worker);
  await using sink = await Sidecar.start("sink.cjs", [], descriptors);
  await using load = startLoad({ url: bed.url, rate, firstPhase: "warm" });
  await after(5000);
  await besiege(load, { ...siege, port: Number(sink.said), comeMs, phase: "beside" });
  const was = await memory.look();
  await besiege(load, { ...siege, port: bed.port, comeMs, phase: "besieged", memory });
  await untilLeft(bed, load, 50);
  load.phase("after");
  await after(5000);
  const report = await load.stop();
  console.log(describe(report));
  console.log(`worker ${worker}: ${was} MiB before, ${memory.peak} MiB at most`);
  const refused = (await proxyOf(bed))?.answeredByProxy["too-many-connections"] ?? 0;
  const hit = phaseOf(report, "besieged");
  const slower = slowdown(report, "besieged", "beside");
  return {
    figure:
      `with ${descriptors} descriptors: ${hit.lost} of ${hit.sent} honest requests lost, ${phaseOf(report, "after").lost} after it, ` +
      `p99 ${slower.figure}, ${refused} refused by name, same worker ${worker === (await workerOf(bed))}`,
    faults: [
      ...(hit.lost === 0 ? [] : [`${hit.lost} honest requests lost without descriptors`]),
      ...(phaseOf(report, "after").lost === 0 ? [] : ["it did not recover"]),
      ...slower.faults,
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
  const seconds = Math.min(siege.seconds, 15);
  await besiege(load, { ...siege, seconds, port, comeMs, phase: "besieged" });
  const { lost, sent } = phaseOf(await load.stop(), "besieged");
  return { lost, figure: `a naive proxy lost ${lost} of ${sent}` };
}

interface Attacked extends Siege {
  readonly port: number;
  readonly comeMs: number;
  readonly phase: string;
  readonly memory?: Peak;
}

/** From the first attacker on, everything counts to the phase. */
async function besiege(load: LoadSession, siege: Attacked): Promise<AttackReport> {
  load.phase(siege.phase);
  await using attack = await Attack.start(siege.port, siege.clients, siege.comeMs);
  for (let second = 0; second < siege.seconds; second += 1) {
    await after(1000);
    await siege.memory?.look();
  }
  load.phase("between");
  return await attack.stop();
}

async function untilLeft(bed: AppBed, load: LoadSession, left: number): Promise<void> {
  load.phase("between");
  await until(async () => (await open(bed)) < left, "the attackers have left");
}

/** The p99 of one phase as a multiple of that of another; more than twice is a fault. */
function slowdown(report: LoadReport, phase: string, other: string): Found {
  const now = phaseOf(report, phase).latencyMs.p99;
  const beside = phaseOf(report, other).latencyMs.p99;
  const figure = `${now} ms (${(now / beside).toFixed(2)}x of the ${beside} ms while another server is attacked)`;
  return { figure, faults: now <= 2 * beside ? [] : [`${phase}: p99 ${figure}`] };
}

function mostKiBPerClient(): number {
  const held = kinds.reduce((sum, kind) => sum + heldKiB[kind], 0);
  return objectsKiB + held / kinds.length;
}

function overstayed(attack: AttackReport, seconds: number): readonly string[] {
  return kinds.flatMap((kind) => {
    const { longestMs: longest, ended, endedBy } = attack.tally[kind];
    const most = longestMs[kind] + attack.lagMs;
    const others = Object.keys(endedBy).filter((how) => how !== endings[kind]);
    return [
      ...(longest <= most ? [] : [`a slow ${kind} stayed for ${longest} ms`]),
      ...(others.length === 0 ? [] : [`a slow ${kind} was ended by ${others.join(", ")}`]),
      ...(ended > 0 || most > seconds * 1000 ? [] : [`no slow ${kind} was ended`]),
    ];
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
