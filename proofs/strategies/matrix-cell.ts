import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient } from "@hitless/controller";
import { type LoadReport, renderReport } from "@hitless/load";
import type { AppBed } from "../../test/bed/app-bed.ts";
import type { GroupedLoad } from "../../test/bed/grouped-load.ts";
import { ReleaseWalk, type Step, type Turn, turns } from "../../test/bed/release-walk.ts";
import { faultsOf } from "../../test/bed/stands-on.ts";
import { type CellResult, inCell, type Parts } from "./cell.ts";
import type { Course } from "./courses.ts";
import { phaseAt, phaseOn, type Standing, sharesOf, strangersIn } from "./share-faults.ts";

/** How long a release stands at a step on the way on which shares are measured, ms. */
const standMs = 1500;
/** How long the answers are watched after each way back, ms. */
const watchMs = 300;
/** A step that is only passed may be missed; then it is tried again. */
const mostTries = 4;

const contents = [
  { app: "shop/1.0", version: "1.0" },
  { app: "shop/1.1", version: "1.1" },
] as const;
type Content = (typeof contents)[number];

/** One strategy forward, turned at each of its steps, retried, and back to a side that is warm. */
export async function matrixCell(course: Course): Promise<CellResult> {
  const { replicas, strategy } = course;
  const [first] = contents;
  const settings = { replicas, strategy, version: first.version, config: configOf(first) };
  return inCell({ app: first.app, settings }, course.groups, (parts) =>
    new MatrixCell(course, parts).run(),
  );
}

class MatrixCell {
  private readonly course: Course;
  private readonly bed: AppBed;
  private readonly client: ControllerClient;
  private readonly load: GroupedLoad;
  private readonly faults: string[] = [];
  private readonly standings: Standing[] = [];
  private readonly notes: string[] = [];
  /** What serves, and what is released next. */
  private serving: Content = contents[0];
  private next: Content = contents[1];
  private stable = 0;
  private turned = 0;

  constructor(course: Course, { bed, client, load }: Parts) {
    this.course = course;
    this.bed = bed;
    this.client = client;
    this.load = load;
  }

  async run(): Promise<CellResult> {
    this.stable = (await this.client.status()).stable ?? 0;
    await this.offer();
    await this.forward();
    for (const step of this.course.steps) {
      for (const turn of turns) await this.turnAt(step, turn);
    }
    await this.retried();
    if (this.course.warm !== null) await this.backToWarm();
    return this.result(await this.load.stop());
  }

  /** Every step in turn, with the shares measured where it stands, and to the end. */
  private async forward(): Promise<void> {
    const walk = await ReleaseWalk.begin(this.bed, this.client);
    for (const step of this.course.steps.filter(({ stands }) => stands)) {
      const met = await walk.walkTo(step);
      if (met === null) {
        this.faults.push(`forward: ${step.name} was never reached`);
        return;
      }
      const standing = { step: step.name, to: walk.to };
      this.standings.push(standing);
      this.load.phase(phaseAt(standing));
      await after(standMs);
      this.load.phase("on the way");
    }
    await this.finished(walk, "forward");
  }

  private async turnAt(step: Step, turn: Turn): Promise<void> {
    const what = `${turn} at ${step.name}`;
    for (let tries = 0; tries < mostTries; tries += 1) {
      this.load.phase(what);
      const walk = await ReleaseWalk.begin(this.bed, this.client);
      const taken = (await walk.walkTo(step)) !== null && (await walk.turn(turn));
      if (!taken) {
        await this.finished(walk, `${what}, which came too late`);
        continue;
      }
      const { outcome } = await walk.ended();
      const wanted = turn === "abort" ? "aborted" : "rolledBack";
      if (outcome !== wanted) this.faults.push(`${what}: ${outcome}, not ${wanted}`);
      this.turned += 1;
      await this.check(what);
      return;
    }
    this.faults.push(`${what}: not met in ${mostTries} tries`);
  }

  /** Aborted where it stands first, or at its last step, and sent forward again before it is back. */
  private async retried(): Promise<void> {
    const { steps } = this.course;
    const step = steps.find(({ stands }) => stands) ?? steps.at(-1);
    if (step === undefined) return;
    for (let tries = 0; tries < mostTries; tries += 1) {
      this.load.phase("retry");
      const walk = await ReleaseWalk.begin(this.bed, this.client);
      const aborted = (await walk.walkTo(step)) !== null && (await walk.turn("abort"));
      if (aborted && (await walk.turn("retry"))) {
        await this.finished(walk, "retry");
        this.notes.push("retried");
        return;
      }
      if (!aborted) await this.finished(walk, "retry, which came too late");
      else await walk.ended();
    }
    this.faults.push(`retry: it was back before it could be retried, ${mostTries} times`);
  }

  /** The same processes answer again, after one command. */
  private async backToWarm(): Promise<void> {
    this.load.phase("to a side that stays warm");
    await this.bed.edit({ strategy: this.course.warm });
    const before = await this.pids();
    const walk = await ReleaseWalk.begin(this.bed, this.client);
    const { outcome } = await walk.toEnd();
    if (outcome !== "succeeded") this.faults.push(`warm: ${outcome}, not succeeded`);
    if ((await this.pids()) === before) this.faults.push("warm: nothing was released");
    this.load.phase("rollback to the warm side");
    const { seconds } = await this.bed.must(0, "rollback", "--wait");
    if ((await this.client.status()).stable !== this.stable) this.faults.push("warm: not back");
    this.load.phase(phaseOn(this.stable, "the instant rollback"));
    await after(watchMs);
    const now = await this.pids();
    if (now !== before) this.faults.push(`warm: ${now} answer, not ${before}`);
    this.notes.push(
      `instant rollback in ${seconds.toFixed(1)} s, the command's own start included`,
    );
  }

  private async pids(): Promise<string> {
    const answers = await this.bed.everybody(this.course.replicas);
    return answers
      .map(({ pid }) => pid)
      .sort((a, b) => a - b)
      .join(", ");
  }

  /** It went to its end: what was new serves, and the other content comes next. */
  private async finished(walk: ReleaseWalk, what: string): Promise<void> {
    const { outcome } = await walk.toEnd();
    if (outcome !== "succeeded") this.faults.push(`${what}: ${outcome}, not succeeded`);
    else {
      this.stable = walk.to;
      this.swap();
    }
    await this.check(what);
    await this.offer();
  }

  private swap(): void {
    [this.serving, this.next] = [this.next, this.serving];
  }

  /** Puts the files of the next content into the folder. */
  private async offer(): Promise<void> {
    await this.bed.use(this.next.app);
    await this.bed.edit({ version: this.next.version, config: configOf(this.next) });
  }

  private async check(what: string): Promise<void> {
    this.load.phase(phaseOn(this.stable, what));
    const status = await this.client.status();
    const stand = {
      revision: this.stable,
      version: this.serving.version,
      replicas: this.course.replicas,
    };
    const found = await faultsOf(this.bed, status, {
      ...stand,
      config: { GREETING: this.serving.version },
    });
    this.faults.push(...found.map((fault) => `${what}: ${fault}`));
    await after(watchMs);
  }

  private result(reports: ReadonlyMap<string, LoadReport>): CellResult {
    const { course, faults } = this;
    const shares = sharesOf(course, this.standings, reports);
    faults.push(...shares.faults, ...[...reports.values()].flatMap(strangersIn));
    const all = [...reports.values()];
    const lost = all.reduce((sum, { total }) => sum + total.lost, 0);
    const sent = all.reduce((sum, { total }) => sum + total.sent, 0);
    if (lost > 0 && !course.downtime) {
      for (const report of all) console.log(renderReport(report, { width: 160 }));
      faults.push(`${lost} requests lost`);
    }
    const told = [`${this.turned} turns`, ...this.notes, ...shares.texts].join(", ");
    const asked = course.downtime ? " (downtime by design: not judged)" : "";
    return {
      name: course.name,
      sent,
      lost: course.downtime ? 0 : lost,
      own: 0,
      faults,
      text: `${told}; ${lost} of ${sent} lost${asked}`,
    };
  }
}

function configOf({ version }: Content): Readonly<Record<string, string>> {
  return { GREETING: version, START_DELAY_MS: "200" };
}
