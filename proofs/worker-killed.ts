import { setTimeout as after, setImmediate as turn } from "node:timers/promises";
import { type Cause, causes, type LoadReport, seededRandom, startLoad } from "@hitless/load";
import { connectProxy, type ProxyClient, type ProxyStatus } from "@hitless/proxy";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { killNamedController } from "../test/bed/controller-death.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { notedSockets } from "../test/bed/noted-sockets.ts";
import { PortProber } from "../test/bed/port-prober.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
/** Between two kills, ms: that, and up to as much again. */
const pauseMs = 400;
/** A worker is replaced within that time, ms: half of them; a machine that does much else starts some later. */
const replacedWithinMs = 1_000;
/** How long the kernel of a busy machine takes to tell the clients of a process that it is gone, ms. */
const toldWithinMs = 20;
/** How an exchange inside a process that is killed may end. */
const broken: readonly Cause[] = ["reset", "closed-early", "truncated"];

/** `kill -9` of the proxy's workers while nobody but its holder looks after them. */
export const proof: Proof = {
  title:
    "kill -9 of the proxy's workers without a controller: only what is inside breaks, and the port never closes",
  seconds: 240,
  takes: [
    { kind: "number", name: "KILLS", what: "how many are killed, of one worker and of two; 50" },
    seedArgument,
  ],
  async run(args): Promise<Finding> {
    const kills = Number(args[0] ?? 50);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- worker-killed ${kills} ${seed})`);
    await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
    const control = await naiveSwap(bed, { load: { rate } });
    const random = seededRandom(seed);
    const rounds: Round[] = [];
    for (const workers of [1, 2]) {
      await bed.must(0, "up", "--detach", "--workers", String(workers));
      await killNamedController(bed);
      await using proxy = await connectProxy((await notedSockets(bed)).proxy);
      if (proxy === null) throw new Error("no proxy runs");
      const round = new Round(bed, { proxy, workers, random });
      await round.run(kills);
      rounds.push(round);
      console.log(round.figure);
    }
    const faults = rounds.flatMap((round) => round.faults);
    for (const fault of faults) console.log(`FAULT ${fault}`);
    const blind = rounds.some(({ report }) => tallyOf(report, control).controlLost === 0);
    const { controlLost } = tallyOf(rounds[0]?.report ?? never(), control);
    return {
      figure: `${rounds.map(({ figure }) => figure).join("; ")}; control lost ${controlLost}; ${faults.length} faults`,
      ok: faults.length === 0 && !blind,
    };
  },
};

/** Ended ones count until their parent has collected them: only then the last thread has let go of its sockets. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function never(): never {
  throw new Error("nothing was run");
}

interface RoundOptions {
  readonly proxy: ProxyClient;
  readonly workers: number;
  readonly random: () => number;
}

/** So many kills with that many workers. */
class Round {
  readonly faults: string[] = [];
  private readonly bed: AppBed;
  private readonly options: RoundOptions;
  private readonly replacedMs: number[] = [];
  private ended: LoadReport | null = null;
  private probed = 0;
  private refused = 0;
  /** Requests under way, or sent before the killed worker was gone, and those lost of them. */
  private inside = 0;
  private lost = 0;

  constructor(bed: AppBed, options: RoundOptions) {
    this.bed = bed;
    this.options = options;
  }

  get report(): LoadReport {
    return this.ended ?? never();
  }

  get figure(): string {
    const { workers } = this.options;
    const { median, longest } = this.replaced;
    const { sent } = this.report.total;
    return (
      `${workers} worker${workers === 1 ? "" : "s"}, ${this.replacedMs.length} killed: ${this.refused} of ${this.probed + sent} connections refused, ` +
      `${this.lost} of ${sent} requests broken (${this.inside} were under way then), ` +
      `served by a new one after ${median} ms (median; at most ${longest})`
    );
  }

  /** Milliseconds. */
  private get replaced(): { readonly median: number; readonly longest: number } {
    const sorted = this.replacedMs.map(Math.round).sort((a, b) => a - b);
    return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, longest: sorted.at(-1) ?? 0 };
  }

  async run(kills: number): Promise<void> {
    const { workers } = this.options;
    await until(async () => (await this.status()).workers.length === workers, "all workers serve");
    {
      using prober = new PortProber(this.bed.port);
      await using load = startLoad({ url: this.bed.url, rate });
      await after(2 * pauseMs);
      for (let n = 0; n < kills; n += 1) await this.kill(() => load.snapshot());
      this.ended = await load.stop();
      this.probed = prober.tried;
      this.refused = prober.refused + this.report.total.lostByCause.refused;
    }
    if (this.refused > 0) this.faults.push(`${this.refused} connections were refused`);
    for (const cause of causes) {
      const count = this.report.total.lostByCause[cause];
      if (count > 0 && !broken.includes(cause)) this.faults.push(`${count} lost as ${cause}`);
    }
    const { median } = this.replaced;
    if (median >= replacedWithinMs) this.faults.push(`served by a new one after ${median} ms`);
    const { gaps } = (await this.status()).traffic.totals;
    if (gaps < kills) this.faults.push(`${kills} killed, ${gaps} gaps in the counts`);
  }

  private async kill(snapshot: () => LoadReport): Promise<void> {
    const { random, workers } = this.options;
    await after(pauseMs * (1 + random()));
    const present = (await this.status()).workers;
    const victim = present[Math.floor(random() * present.length)]?.pid ?? 0;
    const { outstanding, lost, sent } = snapshot().total;
    const began = performance.now();
    process.kill(victim, "SIGKILL");
    while (exists(victim)) await turn();
    await after(toldWithinMs);
    const inside = outstanding + snapshot().total.sent - sent;
    await until(async () => {
      const now = await this.status().catch(() => null);
      const pids = now?.workers.map(({ pid }) => pid) ?? [];
      return pids.length === workers && !pids.includes(victim);
    }, `worker ${victim} is replaced`);
    this.replacedMs.push(performance.now() - began);
    const broke = snapshot().total.lost - lost;
    this.inside += inside;
    this.lost += broke;
    if (broke > inside) {
      this.faults.push(`worker ${victim}: ${broke} requests broke, ${inside} were under way`);
    }
  }

  private async status(): Promise<ProxyStatus> {
    return await this.options.proxy.status();
  }
}
