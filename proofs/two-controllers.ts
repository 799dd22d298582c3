import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { seededRandom, startLoad } from "@hitless/load";
import { AppBed, type CommandResult, isRunning, until } from "../test/bed/app-bed.ts";
import { namedController, persistedReleases } from "../test/bed/controller-death.ts";
import { lengthOfRelease } from "../test/bed/controller-killer.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 2;
const rate = 150;
const leaseMs = 10_000;
/** How many of each, for `count` 1. */
const ways = { refused: 10, replaced: 5, stalled: 2, starts: 3, downs: 5 } as const;

/** What came of the attempts. */
interface Met {
  readonly faults: string[];
  refused: number;
  replaced: number;
  /** Decisions that an old controller wrote down after the next one had taken the lock. */
  actedLate: number;
}

/** A second controller at any moment of a first one's life. */
export const proof: Proof = {
  title:
    "a second `up` is refused at any moment; one that was stopped is replaced, seen gone first",
  seconds: 400,
  takes: [{ kind: "number", name: "TIMES", what: "how often each way is gone; 1" }, seedArgument],
  async run(args): Promise<Finding> {
    const count = Number(args[0] ?? 1);
    const seed = Number(args[1] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- two-controllers ${count} ${seed})`);
    const random = seededRandom(seed);
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: { replicas },
      // Every controller writes down what it decides, and so when.
      env: { HITLESS_RECORD: "1" },
    });
    const met: Met = { faults: [], refused: 0, replaced: 0, actedLate: 0 };
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach");
    await using load = startLoad({ url: bed.url, rate });
    const wholeMs = await lengthOfRelease(bed);
    const at = () => Math.round(random() * wholeMs);
    const test = new TwoControllers(bed, met);
    for (let n = 0; n < ways.refused * count; n += 1) await test.refusedInRelease(at());
    for (let n = 0; n < ways.replaced * count; n += 1) {
      await test.replacedWhileStopped(at(), Math.round(random() * 3000));
    }
    for (let n = 0; n < ways.stalled * count; n += 1) await test.replacedAfterItsLease(at());
    const tally = tallyOf(await load.stop(), control);
    for (let n = 0; n < ways.downs * count; n += 1) await test.upWhileDown(at());
    for (let n = 0; n < ways.starts * count; n += 1) await test.upWhileStarting(random() * 2000);
    met.actedLate = await decisionsTooLate(bed, met.faults);
    for (const fault of met.faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    return {
      figure:
        `${met.refused} refused by pid, ${met.replaced} replaced while stopped, ${met.actedLate} decisions by two, ` +
        `${tally.sent} requests, ${tally.lost} lost (control lost ${tally.controlLost}): ${met.faults.length} faults`,
      ok: tally.clean && met.faults.length === 0 && met.actedLate === 0,
    };
  },
};

/** Attempts on one app; each leaves one controller and the app as it should be. */
class TwoControllers {
  private readonly bed: AppBed;
  private readonly met: Met;
  private released = 0;

  constructor(bed: AppBed, met: Met) {
    this.bed = bed;
    this.met = met;
  }

  async refusedInRelease(atMs: number): Promise<void> {
    const { bed } = this;
    const first = await this.controller();
    await this.beginRelease();
    await after(atMs);
    this.expectRefused(await bed.run("up", "--detach"), first, `${atMs} ms into a release`);
    await this.settled(first);
  }

  /** `--take-over`, and in the middle of that the stopped one goes on. */
  async replacedWhileStopped(atMs: number, goesOnMs: number): Promise<void> {
    const { bed } = this;
    const first = await this.controller();
    await this.beginRelease();
    await after(atMs);
    process.kill(first, "SIGSTOP");
    const up = bed.start("up", "--detach", "--take-over");
    await after(goesOnMs);
    goOn(first);
    const what = `stopped ${atMs} ms into a release, going on ${goesOnMs} ms into --take-over`;
    await this.expectReplaced(await up.done, first, what);
  }

  /** Refused within its lease, replaced after it. */
  async replacedAfterItsLease(atMs: number): Promise<void> {
    const { bed } = this;
    const first = await this.controller();
    await this.beginRelease();
    await after(atMs);
    process.kill(first, "SIGSTOP");
    this.expectRefused(await bed.run("up", "--detach"), first, "stopped within its lease");
    await after(leaseMs + 1000);
    const up = await bed.run("up", "--detach");
    goOn(first);
    await this.expectReplaced(up, first, `stopped ${atMs} ms into a release for its lease`);
  }

  /** Refused while it drains; when it was down already, a controller of its own. */
  async upWhileDown(atMs: number): Promise<void> {
    const { bed } = this;
    const first = await this.controller();
    const down = bed.start("down");
    await after(atMs);
    const up = await bed.run("up", "--detach");
    const ended = await down.done;
    if (ended.code !== 0) this.fault(`down: ${said(ended)}`);
    if (up.code === 6) this.expectRefused(up, first, `${atMs} ms into down`);
    else if (up.code !== 0) this.fault(`up ${atMs} ms into down: ${said(up)}`);
    if (up.code !== 0) await bed.must(0, "up", "--detach");
  }

  async upWhileStarting(atMs: number): Promise<void> {
    const { bed } = this;
    await bed.must(0, "down");
    const first = bed.start("up", "--detach");
    await after(atMs);
    const both = [await bed.run("up", "--detach"), await first.done];
    const controller = await this.controller();
    const refused = both.filter(({ code }) => code === 6);
    if (both.filter(({ code }) => code === 0).length !== 1 || refused.length !== 1) {
      this.fault(`two starts: ${both.map(said).join(" and ")}`);
    }
    for (const each of refused) this.expectRefused(each, controller, "two starts");
  }

  private async beginRelease(): Promise<void> {
    const { bed } = this;
    const before = await persistedReleases(bed);
    this.released += 1;
    const release = bed.start("release", "--set", `config.GREETING=${this.released}`);
    await until(async () => (await persistedReleases(bed)) > before, "the intent is on disk");
    // Its controller may be stopped before it answers.
    void release.done;
  }

  private async expectReplaced(up: CommandResult, first: number, what: string): Promise<void> {
    const now = await this.controller();
    if (up.code !== 0) this.fault(`${what}: ${said(up)}`);
    else this.met.replaced += 1;
    if (isRunning(first)) this.fault(`${what}: ${first} still runs`);
    if (up.code === 0 && now === first) this.fault(`${what}: ${first} is still the controller`);
    await this.settled(now);
    console.log(`${what}: ${first} replaced by ${now} in ${up.seconds.toFixed(1)} s`);
  }

  private expectRefused(result: CommandResult, controller: number, what: string): void {
    const named = result.stderr.includes(`process ${controller} `);
    if (result.code === 6 && named) this.met.refused += 1;
    else this.fault(`${what}: ${said(result)}, not refused by ${controller}`);
  }

  /** The release that was under way ends, and everybody says so. */
  private async settled(controller: number): Promise<void> {
    const { bed } = this;
    await until(async () => (await bed.status()).release === null, "the release ends", 60_000);
    const row = (await bed.history()).at(-1);
    if (row?.outcome !== "succeeded") this.fault(`release ${row?.id} ${row?.outcome}`);
    if ((await this.controller()) !== controller) this.fault(`not ${controller} any more`);
    const config = { GREETING: String(this.released) };
    const stand = { revision: row?.to ?? 0, version: "1.0", config, replicas };
    for (const fault of await faultsOf(bed, await bed.status(), stand)) this.fault(fault);
  }

  private async controller(): Promise<number> {
    const pid = await namedController(this.bed);
    if (pid === null) throw new Error("no controller is named");
    return pid;
  }

  private fault(text: string): void {
    this.met.faults.push(text);
  }
}

/** Traces are named by their start, in order: none is written to once the next has begun. */
async function decisionsTooLate(bed: AppBed, faults: string[]): Promise<number> {
  const folder = join(bed.dir, ".hitless", "traces");
  const names = (await readdir(folder)).sort();
  let late = 0;
  for (const [index, name] of names.entries()) {
    const next = names[index + 1];
    if (next === undefined) continue;
    const { mtimeMs } = await stat(join(folder, name));
    const { birthtimeMs } = await stat(join(folder, next));
    if (mtimeMs <= birthtimeMs) continue;
    late += 1;
    faults.push(`${name} was written to ${mtimeMs - birthtimeMs} ms after ${next} began`);
  }
  if (names.length < 2) faults.push("fewer than two controllers wrote down what they decided");
  return late;
}

function goOn(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // It was ended before: that is what is looked at.
  }
}

function said({ code, stderr }: CommandResult): string {
  return `exit ${code}: ${stderr.trim().split("\n").at(-2) ?? stderr}`;
}
