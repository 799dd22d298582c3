// `npm run demo`: a shop under load is released, broken, rolled back, restarted and bereft of its
// controller, and no client notices. `npm run demo -- strategies`: it is released in every way, and a
// bad version goes back by itself. Exit code 0: nothing lost, every change seen, nothing left
// running. 1: something was not so; the last line says what. 2: no such demo. 130: interrupted,
// cleaned up.
import {
  type ControlReport,
  type LoadReport,
  type LoadSession,
  renderReport,
  startLoad,
  verdictOf,
} from "@hitless/load";
import { AppBed } from "../../test/bed/app-bed.ts";
import { appErrors } from "../../test/bed/load-tally.ts";
import { naiveSwap } from "../../test/bed/naive-swap.ts";
import { Narrator } from "./narrator.ts";
import { releases } from "./releases.ts";
import type { Stage, Story } from "./stage.ts";
import { strategies } from "./strategies.ts";
import { table } from "./table.ts";

/** What became of the story; `failure` when it broke off. */
interface Told {
  readonly control: ControlReport | null;
  readonly report: LoadReport | null;
  readonly failure: string | null;
}

const stories: Readonly<Record<string, Story>> = { releases, strategies };
const replicas = 4;
const rate = 300;
const narrator = new Narrator();
const interrupted = new AbortController();
// Whoever is impatient gets the same answer: leaving processes behind is not an option.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) narrator.heading(`${signal}: stopping what was started`);
    interrupted.abort(new Error(signal));
  });
}
const [name = "releases"] = process.argv.slice(2);
const story = stories[name];
process.exitCode = story === undefined ? unknown(name) : await demo(story);

function unknown(name: string): number {
  console.error(`There is no demo named ${name}; there are ${Object.keys(stories).join(", ")}.`);
  return 2;
}

async function demo(story: Story): Promise<number> {
  const bed = await AppBed.make({ app: "shop/1.0", settings: { replicas, ...story.settings } });
  const told = await tell(bed, story);
  narrator.heading("stop everything");
  const left = await bed.close().then(() => null, messageOf);
  if (interrupted.signal.aborted) {
    narrator.verdict(left ?? "interrupted; nothing is left running", left === null);
    return left === null ? 130 : 1;
  }
  return conclude(story, told, left);
}

/** Plays all phases. Never throws: what went wrong is part of the story. */
async function tell(bed: AppBed, { phases }: Story): Promise<Told> {
  const { signal } = interrupted;
  let control: ControlReport | null = null;
  let load: LoadSession | null = null;
  let failure: string | null = null;
  let name = "naive swap";
  try {
    signal.throwIfAborted();
    narrator.heading(
      `control: the shop 1.0 without Hitless, ${rate} requests/s, killed and started`,
    );
    control = await naiveSwap(bed, { load: { rate }, signal });
    narrator.seen(`lost ${control.load.total.lost} of ${control.load.total.sent}`);
    name = "start";
    signal.throwIfAborted();
    narrator.heading(`hitless up: the shop 1.0 with ${replicas} replicas on ${bed.url}`);
    await bed.must(0, "up", "--detach");
    const answering = await bed.everybody(replicas);
    load = startLoad({ url: bed.url, rate, firstPhase: "warm-up" });
    const stage: Stage = { bed, load, phase: "warm-up", replicas: answering, before: null };
    for (const phase of phases) {
      signal.throwIfAborted();
      ({ name } = phase);
      stage.phase = name;
      load.phase(name);
      narrator.heading(name);
      narrator.seen(await phase.play(stage));
    }
  } catch (thrown) {
    failure = `${name}: ${messageOf(thrown)}`;
  }
  return { control, report: (await load?.stop()) ?? null, failure };
}

function conclude(story: Story, told: Told, left: string | null): number {
  const { control, report, failure } = told;
  if (control !== null && report !== null) {
    console.log(`\n${table(story.columns, control, report)}\n`);
  }
  const complaint = failure ?? left ?? lossesIn(story, control, report);
  if (complaint !== null) {
    narrator.verdict(`NOT HITLESS: ${complaint}`, false);
    return 1;
  }
  const lost = `0 of ${report?.total.sent} requests lost`;
  narrator.verdict(`hitless: ${lost}; the naive swap lost ${control?.load.total.lost}`, true);
  return 0;
}

function lossesIn(
  { phases }: Story,
  control: ControlReport | null,
  report: LoadReport | null,
): string | null {
  if (control === null || report === null) return "no load was put on it";
  const ill = new Set(phases.filter((phase) => phase.ill).map((phase) => phase.name));
  const own = report.phases.filter((phase) => ill.has(phase.name)).map(appErrors);
  const lost = report.total.lost - own.reduce((sum, n) => sum + n, 0);
  const verdict = verdictOf({ ...report, total: { ...report.total, lost } }, control);
  switch (verdict.kind) {
    case "clean":
      return null;
    case "lost":
      console.log(renderReport(report));
      return `${verdict.lost} of ${verdict.sent} requests lost`;
    case "blind":
      return "the naive swap lost nothing, so that the instrument proves nothing";
    case "unfinished":
      return `${verdict.outstanding} requests never settled`;
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
