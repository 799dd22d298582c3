import { join } from "node:path";
import type { ControllerClient } from "@hitless/controller";
import {
  type ControlReport,
  type LoadSession,
  renderReport,
  runControl,
  startLoad,
  verdictOf,
} from "@hitless/load";
import { AppBed, repository } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import {
  type Interrupted,
  type Interruption,
  interruptions,
  interruptRelease,
  stepsOf,
} from "../test/bed/interrupt-release.ts";
import { describeLevels } from "../test/bed/release-levels.ts";
import { faultsOf, type Stand } from "../test/bed/stands-on.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 300;
const replicas = 4;
/** So that a step lasts long enough to be met. */
const startDelay = { START_DELAY_MS: "300" };
/** Steps that only last until a barrier is passed may be missed; then it is tried again, and counted. */
const mostTries = 4;

const before = { version: "1.0", config: { GREETING: "before" } };
const released = { version: "1.1", config: { GREETING: "released" } };

/** Abort, rollback and pause at every step of a rolling release: nothing lost, all back. */
export const proof: Proof = {
  title: "abort, rollback, pause + abort and pause + resume at every step: 0 lost, all back",
  seconds: 300,
  async run(): Promise<Finding> {
    const cwd = join(repository, "examples", "shop/1.0");
    const control = await runControl({ command: ["node", "server.mjs"], cwd, load: { rate } });
    await using bed = await AppBed.make({
      app: "shop/1.0",
      settings: { replicas, version: before.version, config: { ...before.config, ...startDelay } },
    });
    await bed.must(0, "up", "--detach");
    const client = await connectTo(bed);
    const load = startLoad({ url: bed.url, rate, firstPhase: "uninterrupted" });
    try {
      return await new Interrupter(bed, client, load).run(control);
    } finally {
      await load.stop();
      await client.close();
    }
  },
};

/** Interrupts one release after the other, and keeps count. */
class Interrupter {
  private readonly bed: AppBed;
  private readonly client: ControllerClient;
  private readonly load: LoadSession;
  private readonly faults: string[] = [];
  private readonly done = new Set<string>();
  private count = 0;
  private revision = 0;

  constructor(bed: AppBed, client: ControllerClient, load: LoadSession) {
    this.bed = bed;
    this.client = client;
    this.load = load;
  }

  async run(control: ControlReport): Promise<Finding> {
    this.revision = (await this.client.status()).stable ?? 0;
    await this.bed.use("shop/1.1");
    const { version, config } = released;
    await this.bed.edit({ version, config: { ...config, ...startDelay } });
    const steps = (await stepsOf(this.bed, this.client)).map(describeLevels);
    console.log(`the release goes through ${steps.join(" → ")}`);
    await this.check(released, "uninterrupted");
    await this.goBack();
    for (const kind of interruptions) {
      for (const step of steps) await this.at(step, kind);
    }
    return this.finding(steps, control);
  }

  /**
   * Interrupts at a step, again when another one was met instead or none was left, until it was met
   * or is given up. An intent that was accepted and did not do what it should is a fault at once.
   */
  private async at(step: string, kind: Interruption): Promise<void> {
    for (let tries = 0; tries < mostTries && !this.done.has(`${kind} at ${step}`); tries += 1) {
      this.load.phase(`${kind} at ${step}`);
      const met = await interruptRelease(this.bed, this.client, { step, kind });
      if (met.landed !== null) {
        this.count += 1;
        this.done.add(`${kind} at ${met.landed}`);
      }
      await this.judge(step, kind, met);
    }
  }

  private async judge(step: string, kind: Interruption, met: Interrupted): Promise<void> {
    const { landed, left, outcome, command, faults } = met;
    const what = `${kind} at ${landed ?? "the end"}`;
    const aim = landed === step ? "" : ` (aimed at ${step})`;
    console.log(`${what}${aim}: ${outcome}, exit ${command.code}`);
    this.faults.push(...faults.map((fault) => `${what}: ${fault}`));
    const interrupted = kind.startsWith("pause") ? 5 : 4;
    if (command.code !== (landed === null ? 0 : interrupted)) {
      this.faults.push(`${what}: release --wait exited ${command.code}: ${command.stderr}`);
    }
    if (left !== null && left !== landed) {
      this.faults.push(`${what}: moved to ${left} while it was paused`);
    }
    if ((await this.client.status()).stable !== this.revision) {
      await this.check(released, what);
      await this.goBack();
    }
    await this.check(before, what);
  }

  private async goBack(): Promise<void> {
    await this.bed.must(0, "rollback", "--to", String(this.revision), "--wait");
  }

  private async check(wanted: Pick<Stand, "version" | "config">, what: string): Promise<void> {
    const status = await this.client.status();
    const revision = wanted === before ? this.revision : (status.stable ?? 0);
    const found = await faultsOf(this.bed, status, { ...wanted, revision, replicas });
    this.faults.push(...found.map((fault) => `${what}: ${fault}`));
  }

  private async finding(steps: readonly string[], control: ControlReport): Promise<Finding> {
    const report = await this.load.stop();
    const verdict = verdictOf(report, control);
    if (verdict.kind !== "clean") console.log(renderReport(report));
    const missed = interruptions
      .flatMap((kind) => steps.map((step) => `${kind} at ${step}`))
      .filter((each) => !this.done.has(each));
    for (const each of missed) console.log(`MISSED ${each}`);
    for (const fault of this.faults) console.log(`FAULT  ${fault}`);
    const lost = control.load.phases.find((phase) => phase.name === "swap")?.lost ?? 0;
    const back =
      this.faults.length === 0 ? "all back" : `${this.faults.length} faults, not all back`;
    return {
      figure:
        `${this.count} interruptions at ${steps.length} steps, ` +
        `${report.total.sent.toLocaleString("en")} requests, ${report.total.lost} lost ` +
        `(control lost ${lost}), ${back} on revision ${this.revision}`,
      ok: verdict.kind === "clean" && missed.length === 0 && this.faults.length === 0,
    };
  }
}
