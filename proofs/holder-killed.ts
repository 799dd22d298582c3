import { setTimeout as after } from "node:timers/promises";
import { seededRandom, startLoad } from "@hitless/load";
import type { ProxyStatus } from "@hitless/proxy";
import { AppBed, isRunning, until } from "../test/bed/app-bed.ts";
import { killNamedController } from "../test/bed/controller-death.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { openStream, slowPost } from "../test/bed/long-requests.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { killHolder, proxyOf } from "../test/bed/proxy-of.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 300;
const replicas = 2;
const workers = 2;
/** So many are killed one after the other, each as soon as it answers. */
const besideController = 20;
/** So many without a controller, each up to that long after it answered, ms: some have met all workers. */
const withoutController = 50;
const pauseUpToMs = 1_500;
const controllerDeaths = 3;
const downs = 3;

/** `kill -9` of the proxy's holder, everywhere; its workers serve on, and one starts the next. */
export const proof: Proof = {
  title: "kill -9 of the proxy's holder, with and without a controller: nothing is lost or left",
  seconds: 300,
  takes: [
    { kind: "number", name: "RELEASES", what: "how many releases it is killed in; 10" },
    seedArgument,
  ],
  async run(args): Promise<Finding> {
    const releases = Number(args[0] ?? 10);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- holder-killed ${releases} ${seed})`);
    await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach", "--workers", String(workers));
    await until(async () => (await workersOf(bed)).length === workers, "all workers serve");
    await using load = startLoad({ url: bed.url, rate });
    const killer = new Killer(bed);
    const first = (await workersOf(bed)).join(" and ");
    const long = [openStream(bed.url), slowPost(bed.url)];
    await killer.inARow("beside a controller", besideController, {
      isSame: servesOn,
      pauseMs: () => 0,
    });
    const random = seededRandom(seed);
    await killer.withoutController(random);
    for (let n = 0; n < controllerDeaths; n += 1) await killer.withTheController();
    const broken = await Promise.all(long.map((request) => request.finish()));
    await killer.inReleases(releases, random);
    const last = (await workersOf(bed)).join(" and ");
    const tally = tallyOf(await load.stop(), control);
    for (let n = 0; n < downs; n += 1) await killer.duringDown(n);
    const faults = [
      ...killer.faults,
      ...broken.filter((fault) => fault !== null),
      ...(first === last ? [] : [`workers ${first} became ${last}`]),
    ];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    const { sent, lost, controlLost } = tally;
    return {
      figure:
        `${killer.kills} holders killed (${releases} in releases, ${downs} during down), the same ${workers} workers throughout, ` +
        `${sent} requests, a stream and a slow POST: ${lost} lost (control lost ${controlLost}), ` +
        `${faults.length} faults`,
      ok: tally.clean && faults.length === 0,
    };
  },
};

/** Process ids, in the order of age as far as they tell. */
async function workersOf(bed: AppBed): Promise<readonly number[]> {
  return ((await proxyOf(bed))?.workers ?? []).map(({ pid }) => pid).sort((a, b) => a - b);
}

function servesOn(before: ProxyStatus, now: ProxyStatus): boolean {
  return (
    now.workers.length === before.workers.length &&
    before.workers.every(({ pid, generation }) =>
      now.workers.some((one) => one.pid === pid && one.generation >= generation),
    )
  );
}

function servesTheSame(before: ProxyStatus, now: ProxyStatus): boolean {
  const [was, is] = [before, now].map(({ workers: all }) =>
    JSON.stringify([...all].sort((a, b) => a.pid - b.pid)),
  );
  return was === is;
}

/** How holders are killed one after the other. */
interface Row {
  readonly isSame: typeof servesOn;
  /** Between an answer and the kill. */
  pauseMs(): number;
}

/** Kills holders and keeps count of what is wrong afterwards. */
class Killer {
  readonly faults: string[] = [];
  kills = 0;
  private readonly bed: AppBed;
  /** What the last release that succeeded made of the app. */
  private stand = { revision: 1, version: "1.0", config: { GREETING: "hello" }, replicas };

  constructor(bed: AppBed) {
    this.bed = bed;
  }

  /** Each next holder has to have the same workers, at the same table or a newer one. */
  async inARow(where: string, times: number, how: Row): Promise<void> {
    const { isSame, pauseMs } = how;
    for (let n = 0; n < times; n += 1) {
      await after(pauseMs());
      const { before, after: now } = await this.kill();
      if (now.holderPid === before.holderPid) this.faults.push(`${where}: nobody was killed`);
      if (isSame(before, now)) continue;
      const [was, is] = [before, now].map(({ workers }) => JSON.stringify(workers));
      this.faults.push(`${where}: ${was} became ${is}`);
    }
    console.log(`${times} in a row ${where}: ${this.faults.length} faults`);
  }

  /** Nobody is there who would hand over another table. */
  async withoutController(random: () => number): Promise<void> {
    await killNamedController(this.bed);
    await this.inARow("without a controller", withoutController, {
      isSame: servesTheSame,
      pauseMs: () => random() * pauseUpToMs,
    });
    await this.bed.must(0, "up", "--detach");
    await this.judge("after all that without a controller");
  }

  async withTheController(): Promise<void> {
    const died = killNamedController(this.bed);
    await this.kill();
    await died;
    await this.bed.must(0, "up", "--detach");
    await this.judge("together with the controller");
  }

  /** At random moments, which the length of one undisturbed release bounds. */
  async inReleases(times: number, random: () => number): Promise<void> {
    const whole = await this.release("undisturbed", null);
    for (let n = 1; n <= times; n += 1) {
      await this.release(`release ${n}`, Math.round(random() * whole));
    }
  }

  /** Returns how long it took, ms. */
  private async release(greeting: string, killAfterMs: number | null): Promise<number> {
    const { bed } = this;
    const release = bed.start("release", "--set", `config.GREETING=${greeting}`, "--wait");
    if (killAfterMs !== null) {
      await after(killAfterMs);
      await this.kill();
    }
    const { code, stderr, seconds } = await release.done;
    if (code !== 0) this.faults.push(`${greeting}: exit ${code}: ${stderr}`);
    const { stable } = await bed.status();
    this.stand = { ...this.stand, revision: stable ?? 0, config: { GREETING: greeting } };
    await this.judge(`${greeting}, killed ${killAfterMs ?? "-"} ms on`);
    return seconds * 1000;
  }

  /** Before, while and right after the command starts. */
  async duringDown(index: number): Promise<void> {
    const { bed } = this;
    const holder = (await proxyOf(bed))?.holderPid ?? 0;
    this.kills += 1;
    const down = bed.start("down");
    await after(index * 300);
    const met = isRunning(holder);
    if (met) process.kill(holder, "SIGKILL");
    const { code, stderr } = await down.done;
    const left = await bed.leftOver();
    this.faults.push(
      ...(code === 0 ? [] : [`down, holder killed: exit ${code}: ${stderr}`]),
      ...left.map(({ pid, command }) => `left after down: ${pid} ${command}`),
    );
    const said = met ? "its holder killed" : "its holder had ended";
    console.log(`down, ${said} ${index * 300} ms on: exit ${code}, ${left.length} left`);
    if (index < downs - 1) await bed.must(0, "up", "--detach");
  }

  private async kill() {
    this.kills += 1;
    return await killHolder(this.bed);
  }

  private async judge(where: string): Promise<void> {
    const faults = await faultsOf(this.bed, await this.bed.status(), this.stand);
    console.log(`${where}: ${faults.length} faults`);
    this.faults.push(...faults.map((fault) => `${where}: ${fault}`));
  }
}
