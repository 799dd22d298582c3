import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import { describeFailure, type ReleaseRecord } from "@hitless/core";
import { accessFailures } from "../../test/bed/access-lines.ts";
import type { AppBed } from "../../test/bed/app-bed.ts";
import type { GroupedLoad } from "../../test/bed/grouped-load.ts";
import { ReleaseWalk } from "../../test/bed/release-walk.ts";
import { faultsOf } from "../../test/bed/stands-on.ts";
import { statusWhen } from "../../test/bed/status-when.ts";
import type { BadCourse } from "./bad-courses.ts";
import { type CellResult, inCell, type Parts } from "./cell.ts";
import { comingPhase, type Exposure, exposureOf, exposurePhase, isBack } from "./exposure.ts";
import type { Illness } from "./illnesses.ts";

const good = { app: "shop/1.0", version: "1.0", config: { GREETING: "good" } };
const replicas = 2;
/** What the good version's p95 is taken from, and how long it is watched that all is back, ms. */
const beforeMs = 2000;
const watchMs = 1500;

/** A release of a bad version under load, that nobody watches. */
export async function badCell(course: BadCourse, illness: Illness): Promise<CellResult> {
  const settings = {
    replicas,
    version: good.version,
    config: good.config,
    proxy: { accessLog: true },
    // What hangs is not waited for.
    drain: { timeoutSeconds: 2 },
    progressDeadlineSeconds: 12,
  };
  return inCell({ app: good.app, settings }, course.groups, (parts) =>
    new BadCell(course, illness, parts).run(),
  );
}

class BadCell {
  private readonly course: BadCourse;
  private readonly illness: Illness;
  private readonly bed: AppBed;
  private readonly client: ControllerClient;
  private readonly load: GroupedLoad;
  private readonly faults: string[] = [];
  private readonly stoppedPids = new Set<number>();

  constructor(course: BadCourse, illness: Illness, { bed, client, load }: Parts) {
    this.course = course;
    this.illness = illness;
    this.bed = bed;
    this.client = client;
    this.load = load;
  }

  async run(): Promise<CellResult> {
    this.load.phase("before");
    await after(beforeMs);
    const slowMs = Math.min(1000, Math.max(50, Math.round(10 * this.load.p95)));
    await this.bed.use("shop/bad/ill");
    const settings = this.course.settings(Math.round(slowMs / 2));
    const config = { ...good.config, ...this.illness.config(slowMs) };
    await this.bed.edit({ ...settings, version: "bad", config });
    this.load.phase(comingPhase);
    const walk = await ReleaseWalk.begin(this.bed, this.client);
    const seconds = await this.follow(walk);
    const record = await walk.ended();
    this.load.phase("back");
    await after(watchMs);
    await this.judge(record);
    const reports = await this.load.stop();
    const from = record.from ?? 0;
    const ends = record.outcome === "succeeded" ? record.to : from;
    const exposure = exposureOf(reports, { from, to: record.to, ends });
    return await this.result(record, { exposure, seconds, slowMs });
  }

  /** Tells the load who may be exposed, until all is back or over; returns how long anybody was, s. */
  private async follow(walk: ReleaseWalk): Promise<number> {
    let since: number | null = null;
    let until: number | null = null;
    await walk.when((status, release) => {
      if (release.intents.length > 0) this.faults.push("somebody said something");
      if (isBack(status)) {
        until ??= performance.now();
        this.load.phase("back");
        return false;
      }
      const phase = exposurePhase(status, release.to);
      if (phase === null) return false;
      since ??= performance.now();
      this.load.phase(phase);
      if (this.illness.stopped === true) this.stop(status, release.to);
      return false;
    });
    return since === null ? 0 : ((until ?? performance.now()) - since) / 1000;
  }

  /** Those that are in service are stopped, once; what is started after them too. */
  private stop({ replicas: running, route }: StatusReport, revision: number): void {
    if (route.inForce !== route.generation) return;
    for (const { revision: own, state, process: pid } of running) {
      if (own !== revision || state !== "ready" || pid === null) continue;
      if (this.stoppedPids.has(Number(pid))) continue;
      this.stoppedPids.add(Number(pid));
      process.kill(Number(pid), "SIGSTOP");
    }
  }

  private async judge(record: ReleaseRecord): Promise<void> {
    const { reasons } = this.illness;
    const wanted = reasons.length === 0 ? "succeeded" : "failed";
    const { outcome, reason } = record;
    if (outcome !== wanted) this.faults.push(`it ${outcome}, and should have ${wanted}`);
    if (wanted === "failed" && !reasons.includes(reason?.kind ?? "none")) {
      this.faults.push(`the reason is ${reason?.kind}, not ${reasons.join(" or ")}`);
    }
    this.faults.push(...keptFaults(record));
    const revision = wanted === "failed" ? (record.from ?? 0) : record.to;
    const version = wanted === "failed" ? good.version : "well";
    const status = await statusWhen(this.client, (s) => s.release === null);
    const stand = { revision, version, config: good.config, replicas };
    this.faults.push(...(await faultsOf(this.bed, status, stand)));
  }

  private async result(
    record: ReleaseRecord,
    seen: { readonly exposure: Exposure; readonly seconds: number; readonly slowMs: number },
  ): Promise<CellResult> {
    const { exposure, seconds } = seen;
    const { faults } = this;
    faults.push(...exposure.faults);
    const failures = await accessFailures(this.bed);
    const onStable = failures.filter(({ revision }) => revision === record.from).length;
    if (onStable > 0) faults.push(`the access log has ${onStable} failures on stable`);
    const why = record.reason === null ? "" : `: ${describeFailure(record.reason)}`;
    const text =
      `${record.outcome} after ${seconds.toFixed(1)} s of exposure${why.slice(0, 220)}; ` +
      `${exposure.text}; by the access log ${failures.length} failed, ${onStable} of them on stable`;
    const name = `${this.course.name}/${this.illness.name}`;
    return { name, sent: exposure.sent, lost: exposure.lost, own: exposure.own, faults, text };
  }
}

/** What the history should keep of one that went back, and does not. */
function keptFaults({ reason, judged = [] }: ReleaseRecord): readonly string[] {
  switch (reason?.kind) {
    case "analysisFailed": {
      const failed = judged.some(
        ({ metric, verdict }) => metric === reason.metric && verdict === "failed",
      );
      return [
        ...(failed ? [] : ["history does not keep the measurements"]),
        ...(/\d/.test(reason.detail) ? [] : [`no figures: ${reason.detail}`]),
        ...(reason.evidence.lastLogLines.length > 0 ? [] : ["history keeps no log lines"]),
      ];
    }
    case "crashLoop":
      return reason.evidence.lastLogLines.length > 0 ? [] : ["history keeps no log lines"];
    default:
      return [];
  }
}
