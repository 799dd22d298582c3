import { describeFailure, type ReleaseRecord } from "@hitless/core";
import { startLoad } from "@hitless/load";
import { AppBed, freePort, until } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import { killNamedController, persistedReleases } from "../test/bed/controller-death.ts";
import { attempts, type Cell, cells, HookLedger } from "../test/bed/hook-cells.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { expectedIds, NoticeWatch, noticeSecret } from "../test/bed/notice-watch.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const replicas = 2;
/** In every so many releases the receiver of notices is away. */
const awayEvery = 3;
/** A release ends, and a notice comes, within this time on a loaded machine, ms. */
const patienceMs = 90_000;

/** Hooks that fail, hang or lose their controller, at each place, and what receivers hear of it. */
export const proof: Proof = {
  title:
    "hooks that fail, hang or lose their controller run at least once and hold releases or send them back; notices are signed and complete",
  seconds: 110,
  async run(): Promise<Finding> {
    await using watch = await NoticeWatch.listen();
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: { replicas, notifications: watch.receivers },
      env: { [noticeSecret.name]: noticeSecret.value },
    });
    await using ledger = await HookLedger.make(bed);
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach");
    await using load = startLoad({ url: bed.url, rate });
    const run = new Run(bed, ledger);
    for (const [index, cell] of cells.entries()) {
      const away = index % awayEvery === 1;
      if (away) await watch.away();
      await run.play(cell);
      if (away) await watch.back();
    }
    await run.gates();
    const tally = tallyOf(await load.stop(), control);
    const expected = expectedIds(await bed.history(), run.waited);
    const complete = () => watch.faults(expected).every((fault) => !fault.startsWith("never told"));
    await until(complete, "all is told", patienceMs).catch(() => undefined);
    const faults = [...run.faults, ...watch.faults(expected), ...(await overlapping(ledger))];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    return {
      figure:
        `${cells.length + 2} releases, ${run.hooks} hooks run ${run.runs} times under ${run.hooks} keys, ` +
        `${run.kills} controllers killed in the middle of one; a load at the preview address passed one and sent one back; ` +
        `${watch.told.size} of ${expected.size} notices told in ${watch.deliveries} deliveries, all signed, ` +
        `${watch.broken.got.length} tries at a receiver that takes none; ` +
        `${tally.sent} requests, ${tally.lost} lost (control lost ${tally.controlLost}): ${faults.length} faults`,
      ok: tally.clean && faults.length === 0,
    };
  },
};

async function overlapping(ledger: HookLedger): Promise<readonly string[]> {
  const overlaps = await ledger.overlaps();
  return overlaps === 0 ? [] : [`${overlaps} hooks ran beside their own first run`];
}

/** Plays one release after the other, and keeps count of what should serve. */
class Run {
  readonly faults: string[] = [];
  /** Ids of notices that a release waits for a person. */
  readonly waited: string[] = [];
  hooks = 0;
  runs = 0;
  kills = 0;
  private greeting = "hello";
  private readonly bed: AppBed;
  private readonly ledger: HookLedger;

  constructor(bed: AppBed, ledger: HookLedger) {
    this.bed = bed;
    this.ledger = ledger;
  }

  async play(cell: Cell): Promise<void> {
    const { bed, ledger } = this;
    await bed.edit({ hooks: ledger.hooksOf(cell) });
    ledger.answers(cell);
    const id = (await persistedReleases(bed)) + 1;
    const greeting = `of release ${id}`;
    const began = performance.now();
    await bed.must(0, "release", "--set", `config.GREETING=${greeting}`);
    if (cell.fault === "killed") await this.killInTheMiddle(id);
    const held = cell.onFail === "hold" ? await this.heldAt(id) : [];
    const row = await this.rowOf(id);
    if (row.outcome === "succeeded") this.greeting = greeting;
    const faults = [...held, ...faultsOf(cell, row), ...(await this.misrun(cell, id))];
    const serves = (await bed.ask()).config["GREETING"];
    if (serves !== this.greeting) faults.push(`${serves} serves, not ${this.greeting}`);
    const text = `release ${id}: ${cell.kind} ${cell.place} ${cell.fault}, ${cell.onFail}: ${row.outcome}`;
    console.log(`${text} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    this.faults.push(...faults.map((fault) => `${text}: ${fault}`));
  }

  /** A load at the new side's own address lets one release pass, and sends one back. */
  async gates(): Promise<void> {
    const { bed } = this;
    const preview = { port: await freePort() };
    for (const [path, wanted] of [
      ["/", "succeeded"],
      ["/no-such-page", "failed"],
    ] as const) {
      const checks = [{ name: "probed", load: { rate: 50, for: "2s", path } }];
      const blueGreen = { preview, checks, bake: "0s", keepWarm: "0s" };
      await bed.edit({ hooks: undefined, analysis: [], strategy: { blueGreen } });
      const id = (await persistedReleases(bed)) + 1;
      await bed.must(0, "release", "--set", `config.GREETING=of release ${id}`);
      const { outcome, reason } = await this.rowOf(id);
      const said = reason === null ? "" : `: ${describeFailure(reason)}`;
      console.log(`release ${id}: load at ${path} of the preview address: ${outcome}${said}`);
      const told = wanted === "succeeded" || said.includes("requests lost");
      if (outcome !== wanted || !told) this.faults.push(`load at ${path}: ${outcome}${said}`);
    }
  }

  /** Its key is there once the hook runs. */
  private async killInTheMiddle(id: number): Promise<void> {
    const runs = async () => (await this.ledger.runsOf(id)).size > 0;
    await until(runs, `the hook of release ${id} runs`, patienceMs);
    await killNamedController(this.bed);
    this.kills += 1;
    await this.bed.must(0, "up", "--detach");
  }

  /** It stays where it is, and says why, until a person decides. */
  private async heldAt(id: number): Promise<readonly string[]> {
    const { bed } = this;
    await using client = await clientOf(bed);
    const held = async () => (await client.status()).why.kind === "holdUndecided";
    await until(held, `release ${id} is held`, patienceMs);
    const { stdout } = await bed.must(0, "why");
    const { release } = await client.status();
    await bed.must(0, "abort");
    this.waited.push(`${id}/waiting/${release?.waypoints[release.cursor]}`);
    return stdout.includes("failed: exit 3") ? [] : [`why does not say it: ${stdout}`];
  }

  private async rowOf(id: number): Promise<ReleaseRecord> {
    await using client = await clientOf(this.bed);
    const row = async () => (await client.history()).find((each) => each.id === id);
    await until(async () => (await row()) !== undefined, `release ${id} ends`, patienceMs);
    const found = await row();
    if (found === undefined) throw new Error(`release ${id} is not in history`);
    return found;
  }

  private async misrun({ fault }: Cell, id: number): Promise<readonly string[]> {
    const runs = [...(await this.ledger.runsOf(id)).values()];
    const wanted = fault === "hangs" ? 1 : fault === "fails" ? attempts : 2;
    this.hooks += runs.length;
    this.runs += runs.reduce((sum, each) => sum + each, 0);
    return runs.length === 1 && runs[0] === wanted
      ? []
      : [`run ${runs.join(" and ") || 0} times, not ${wanted} times under one key`];
  }
}

/** For looks that a command is too slow for. */
async function clientOf(bed: AppBed) {
  const client = await connectTo(bed);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** The release ended as its hook declares, and says why. */
function faultsOf(cell: Cell, { outcome, reason, failedHooks = [] }: ReleaseRecord): string[] {
  const wanted = outcomeOf(cell);
  const failed = cell.fault !== "killed";
  const detail = reason?.kind === "hookFailed" ? `${reason.hook}: ${reason.detail}` : "";
  const named = cell.onFail === "back" && failed && !detail.startsWith("probed: ");
  const noted = cell.onFail === "continue" && failed && cell.place !== "onFailure";
  return [
    ...(outcome === wanted ? [] : [`it ${outcome}, not ${wanted}`]),
    ...(named ? [`its reason is ${JSON.stringify(reason)}`] : []),
    ...(noted && failedHooks.length === 0 ? ["history names no hook that failed"] : []),
  ];
}

function outcomeOf({ place, fault, onFail }: Cell): ReleaseRecord["outcome"] {
  if (place === "onFailure") return "failed";
  if (onFail === "hold") return "aborted";
  return fault === "killed" || onFail === "continue" ? "succeeded" : "failed";
}
