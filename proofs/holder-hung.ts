import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { startLoad } from "@hitless/load";
import type { ProxyStatus } from "@hitless/proxy";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { proxyOf } from "../test/bed/proxy-of.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const answersWithinMs = 60_000;
/** What a heavily loaded machine may take beyond the silence that is borne, seconds. */
const healsWithin = 30;

/** The proxy's holder hangs, or cannot start a worker, instead of dying. */
export const proof: Proof = {
  title:
    "a proxy's holder that hangs is ended and replaced: nothing is lost; with its worker dead it heals by itself",
  seconds: 300,
  takes: [{ kind: "number", name: "ROUNDS", what: "how often each of the four is done; 3" }],
  async run(args): Promise<Finding> {
    const rounds = Number(args[0] ?? 3);
    await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 2 } });
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach");
    const hanging = new Hanging(bed);
    await using load = startLoad({ url: bed.url, rate });
    for (let n = 0; n < rounds; n += 1) await hanging.besideController();
    for (let n = 0; n < rounds; n += 1) await hanging.atTakeOver();
    const tally = tallyOf(await load.stop(), control);
    for (let n = 0; n < rounds; n += 1) await hanging.withDeadWorker();
    for (let n = 0; n < rounds; n += 1) await hanging.withoutFolder();
    const { faults, longest } = hanging;
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    const { sent, lost, controlLost } = tally;
    return {
      figure:
        `${rounds} holders hung beside a controller and ${rounds} at a take-over: ${lost} of ${sent} requests lost ` +
        `(control lost ${controlLost}); ${rounds} hung with a dead worker: served again within ${longest.deadWorker.toFixed(1)} s; ` +
        `${rounds} without their folder: within ${longest.noFolder.toFixed(1)} s; ${faults.length} faults`,
      ok: tally.clean && faults.length === 0,
    };
  },
};

/** Makes holders hang and keeps count of what is wrong afterwards. */
class Hanging {
  readonly faults: string[] = [];
  /** Until clients were served again, seconds. */
  readonly longest = { deadWorker: 0, noFolder: 0 };
  private readonly bed: AppBed;

  constructor(bed: AppBed) {
    this.bed = bed;
  }

  async besideController(): Promise<void> {
    const before = await this.present();
    process.kill(before.holderPid, "SIGSTOP");
    await this.succeeded("beside a controller", before);
  }

  async atTakeOver(): Promise<void> {
    const before = await this.present();
    process.kill(before.holderPid, "SIGSTOP");
    await this.bed.must(0, "up", "--detach", "--take-over");
    await this.succeeded("at a take-over", before);
  }

  async withDeadWorker(): Promise<void> {
    const before = await this.present();
    process.kill(before.holderPid, "SIGSTOP");
    process.kill(workerOf(before), "SIGKILL");
    const seconds = await this.servedAgain("with a dead worker");
    this.longest.deadWorker = Math.max(this.longest.deadWorker, seconds);
    await this.told(before.holderPid, 5);
  }

  async withoutFolder(): Promise<void> {
    await rm(join(this.bed.dir, ".hitless", "proxy"), { recursive: true });
    process.kill(workerOf(await this.present()), "SIGKILL");
    const seconds = await this.servedAgain("without its folder");
    this.longest.noFolder = Math.max(this.longest.noFolder, seconds);
  }

  /** The next holder has to command the worker that was there. */
  private async succeeded(where: string, before: ProxyStatus): Promise<void> {
    await until(
      async () => {
        const now = await proxyOf(this.bed).catch(() => null);
        return now !== null && now.holderPid !== before.holderPid;
      },
      "another holder answers",
      answersWithinMs,
    );
    const now = await this.present();
    if (workerOf(now) !== workerOf(before)) {
      this.faults.push(`${where}: worker ${workerOf(before)} became ${workerOf(now)}`);
    }
    await this.told(before.holderPid, 30);
    console.log(`${where}: holder ${before.holderPid} was followed by ${now.holderPid}`);
  }

  private async servedAgain(where: string): Promise<number> {
    const began = performance.now();
    await until(async () => {
      await after(50);
      return await this.bed.ask().then(
        () => true,
        () => false,
      );
    }, "clients are served again");
    const seconds = (performance.now() - began) / 1000;
    console.log(`${where}: served again after ${seconds.toFixed(1)} s`);
    if (seconds > healsWithin) this.faults.push(`${where}: ${seconds.toFixed(1)} s`);
    return seconds;
  }

  private async told(holder: number, seconds: number): Promise<void> {
    const { stdout } = await this.bed.must(0, "events");
    const cause = `holder ${holder} did not answer for ${seconds} s and was ended`;
    if (!stdout.includes(cause)) this.faults.push(`events do not say: ${cause}`);
  }

  private async present(): Promise<ProxyStatus> {
    const status = await proxyOf(this.bed);
    if (status === null) throw new Error("no proxy runs");
    return status;
  }
}

function workerOf(status: ProxyStatus): number {
  const [worker] = status.workers;
  if (worker === undefined) throw new Error(`holder ${status.holderPid} has no worker`);
  return worker.pid;
}
