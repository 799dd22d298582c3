import type { App } from "../../model/app.ts";
import type { Sample } from "../../model/metric.ts";
import type { IntentKind, MeantFor } from "../../model/release.ts";
import { applyIntent } from "../../reconciler/intents.ts";
import { newestRelease } from "../../reconciler/meant-for.ts";
import {
  changeSettings,
  newApp,
  previousRevision,
  requestRelease,
  setReplicas,
} from "../../reconciler/requests.ts";
import { withSchemaPhases } from "../../strategies/compile.ts";
import { loose, orUnchanged, releaseTo, rollBack } from "../examples.ts";
import { FakeEngine } from "../fake-engine.ts";
import type { Scenario, SimEvent } from "../scenario.ts";
import { Simulation } from "../simulate.ts";
import { SimulationFault, storyOf } from "../simulation-fault.ts";
import { type Ask, askOf } from "./coverage.ts";
import { Ills } from "./ills.ts";
import { type Stage, stageOf } from "./stage.ts";
import type { Act, Cue, Happening, Measured, Story } from "./story.ts";
import { cast } from "./tell.ts";
import { fateOf, metricNames } from "./tell-outside.ts";

/** What a story came to. */
export interface Played {
  readonly simulation: Simulation;
  /** Changes of the app or of what ails it, each of which was judged. */
  readonly transitions: number;
  /** Releases that ended. */
  readonly ended: number;
  /** Whether it ended with a release under way, for a reason that was true. */
  readonly waits: boolean;
  readonly met: ReadonlySet<string>;
}

const signal = new AbortController().signal;
const mendsAfterMs = 900_000;
const nudgeEveryMs = 100_000;
const passEveryMs = 70_000;
const longestMs = 14_400_000;

/** Plays a story to its end. Throws a `SimulationFault` when a rule is broken. */
export async function play(story: Story, options: { traced?: number } = {}): Promise<Played> {
  const player = await Player.make(story, options.traced ?? 40);
  return player.run();
}

class Player {
  readonly #story: Story;
  readonly #engine: FakeEngine;
  readonly #simulation: Simulation;
  readonly #ills: Ills;
  readonly #startsAt: number;
  readonly #firstLook: MeantFor;
  readonly #met = new Set<string>();
  #transitions = 0;
  #looks = 0;
  /** Measurements asked of each metric so far, by name. */
  readonly #asked = new Map<string, number>();
  #mended = false;
  #lastAsk: { readonly ask: Ask; readonly at: number } | null = null;

  static async make(story: Story, traced: number): Promise<Player> {
    const engine = await engineOf(story);
    return new Player(story, engine, traced);
  }

  private constructor(story: Story, engine: FakeEngine, traced: number) {
    this.#story = story;
    this.#engine = engine;
    this.#ills = new Ills(story.behaviour.startMs ?? 1000);
    this.#startsAt = engine.elapsed;
    const app = appOf(story, engine.now());
    this.#firstLook = newestRelease(app, []);
    this.#simulation = new Simulation({
      app,
      engine,
      minReadyMs: story.minReadyMs,
      tardy: story.tardy,
      traced,
      maxSteps: 20_000,
      events: [...story.happenings.map((h) => this.#eventOf(h)), ...this.#endings()],
      verdict: () => ({ verdict: this.#verdict(), detail: "as the story says" }),
      ...this.#outside(),
      mishap: (danger, { app }) => {
        const mishap = this.#ills.mishap(danger);
        if (mishap === "killed") this.#met.add(`killed ${danger} @ ${stageOf(app)}`);
        return mishap;
      },
      awayMs: () => this.#ills.awayMs(),
      deliveries: () => this.#ills.deliveries(),
      onStep: (_, decision) => {
        if (decision !== null && decision.kind !== "wait" && decision.kind !== "steady") {
          this.#transitions += 1;
        }
        this.#cover();
        this.#ills.step();
      },
      until: ({ doubled }) =>
        engine.elapsed > this.#startsAt + (doubled ? mendsAfterMs : this.#longestMs()),
    });
  }

  async run(): Promise<Played> {
    const simulation = await this.#simulation.run();
    const waits = simulation.app.release !== null || simulation.app.pending !== null;
    const rows = await simulation.history();
    // Who was let go at the last moment leaves.
    this.#engine.runTo(this.#engine.elapsed + 300_000);
    const judged = this.#story.mends && !simulation.doubled;
    const found = judged ? loose(simulation) : [];
    if (found.length > 0)
      throw new SimulationFault(
        found,
        storyOf(this.#engine, simulation.decisions, simulation.trace),
      );
    return {
      simulation,
      transitions: this.#transitions,
      ended: rows.length,
      waits,
      met: this.#met,
    };
  }

  #longestMs(): number {
    return this.#story.mends ? longestMs : mendsAfterMs;
  }

  #verdict() {
    const { verdicts } = this.#story;
    if (this.#mended) return "successful";
    const verdict = verdicts[Math.min(this.#looks, verdicts.length - 1)] ?? "successful";
    this.#looks += 1;
    return verdict;
  }

  /** Sources and hooks go as the story says, and as what ails them has it. */
  #outside(): Pick<Scenario, "measure" | "measureMs" | "hook" | "hookMs"> {
    const ills = this.#ills;
    return {
      measure: ({ name }) =>
        ills.outside("source fails")
          ? { kind: "noData", reason: "nobody answers" }
          : sampleOf(this.#measuredOf(name)),
      measureMs: () => (ills.outside("source slow") ? Number.POSITIVE_INFINITY : 0),
      hook: (key) => (this.#hookFails(key) ? "failed" : "done"),
      hookMs: (key) => this.#hookMs(key),
    };
  }

  #hookFails(key: string): boolean {
    const hangs = this.#hookMs(key) === Number.POSITIVE_INFINITY;
    return this.#ills.outside("hook fails") || hangs || fateOf(key) === "bad";
  }

  #hookMs(key: string): number {
    const fate = fateOf(key);
    if (fate === "hangs" || this.#ills.outside("hook hangs")) return Number.POSITIVE_INFINITY;
    return fate === "long" ? 20_000 : 1000;
  }

  #measuredOf(name: string): Measured {
    const course = this.#story.courses[metricNames.indexOf(name)] ?? [];
    const nth = this.#asked.get(name) ?? 0;
    this.#asked.set(name, nth + 1);
    return this.#mended ? "good" : (course[Math.min(nth, course.length - 1)] ?? "good");
  }

  #eventOf({ cue, acts }: Happening): SimEvent {
    return {
      when: this.#whenOf(cue),
      world: async (simulation) => {
        if (this.#mended) return;
        for (const act of acts) await this.#do(act, simulation);
      },
    };
  }

  #whenOf(cue: Cue): SimEvent["when"] {
    if (cue.kind === "time") return this.#startsAt + cue.ms;
    if (cue.kind === "death") return () => this.#ills.killed > cue.nth;
    if (cue.kind === "felt") return () => [...this.#ills.felt()].includes(cue.fault);
    if (cue.kind === "warm") return (simulation) => isWarm(simulation, cue.late);
    let left = cue.looks;
    return ({ app }) => {
      if (stageOf(app) !== cue.stage) return false;
      left -= 1;
      return left < 0;
    };
  }

  async #do(act: Act, simulation: Simulation): Promise<void> {
    if (act.kind === "fault") {
      this.#transitions += 1;
      await this.#ills.begin(act, simulation);
      this.#cover();
      return;
    }
    const when = simulation.engine.elapsed;
    simulation.expect({ when, act: (app, now) => this.#ask(act, app, now) });
  }

  #ask(act: Exclude<Act, { kind: "fault" }>, app: App, now: number): App {
    const ask = isWarmRollback(act, app) ? "warm rollback" : askOf(act);
    if (ask !== null) {
      const stage = stageOf(app);
      this.#met.add(`${ask} @ ${stage}`);
      for (const fault of this.#ills.felt()) this.#met.add(`${fault} & ${ask}`);
      this.#lastAsk = { ask, at: this.#simulation.engine.elapsed };
    }
    const changed = orUnchanged(app, () => this.#answer(act, app, now));
    if (changed !== app) this.#transitions += 1;
    return changed;
  }

  #answer(act: Exclude<Act, { kind: "fault" }>, app: App, now: number): App {
    const by = "bob";
    switch (act.kind) {
      case "say": {
        const meantFor = act.looked === "before" ? this.#firstLook : newestRelease(app, []);
        const full = act.full === true ? { full: true } : {};
        return applyIntent(app, { kind: act.intent, by, at: now, meantFor, ...full });
      }
      case "release":
        return requestRelease(app, releaseTo(act.to), { now, by, busy: act.busy });
      case "rollback":
        if (act.to === null) this.#simulation.judgeTarget(targetOf(app));
        return rolledBack(app, act.to, now);
      case "scale":
        return setReplicas(app, act.to);
      case "settings":
        return changeSettings(app, act.settings);
    }
  }

  /** In the end the world mends, and somebody lets pass whatever still waits for a person. */
  #endings(): readonly SimEvent[] {
    const passing: SimEvent = {
      when: this.#startsAt + passEveryMs,
      world: (simulation) => this.#pass(simulation),
    };
    const keen = this.#story.keen ? [passing] : [];
    if (!this.#story.mends) return keen;
    const mend: SimEvent = {
      when: this.#startsAt + mendsAfterMs,
      world: (simulation) => {
        this.#mended = true;
        this.#ills.cureAll(simulation);
        this.#nudge(simulation, false);
      },
    };
    return [...keen, mend];
  }

  /** Somebody comes by who resumes and skips, and comes again. */
  #pass(simulation: Simulation): void {
    if (this.#mended) return;
    this.#say(["resume", "skip"], simulation);
    const when = simulation.engine.elapsed + passEveryMs;
    if (when < this.#startsAt + mendsAfterMs) {
      simulation.expect({ when, world: (later) => this.#pass(later) });
    }
  }

  #say(intents: readonly IntentKind[], simulation: Simulation): void {
    for (const kind of intents) {
      simulation.expect({
        when: simulation.engine.elapsed,
        act: (app, at) =>
          orUnchanged(app, () => {
            const meantFor = newestRelease(app, []);
            return applyIntent(app, { kind, by: "carol", at, meantFor });
          }),
      });
    }
  }

  /** Twice in a row nothing to do is the end: at the first, somebody may be asking for a release. */
  #nudge(simulation: Simulation, wasAtRest: boolean): void {
    const { app, engine } = simulation;
    const atRest = app.release === null && app.pending === null;
    if (atRest && wasAtRest) return;
    this.#say(["resume", "promote", "skip"], simulation);
    // A side that was too small to be mended before it came up may be there by now.
    for (const revision of engine.levels().keys()) engine.heal(revision);
    const when = engine.elapsed + nudgeEveryMs;
    simulation.expect({ when, world: (later) => this.#nudge(later, atRest) });
  }

  #cover(): void {
    const stage: Stage = stageOf(this.#simulation.app);
    const said = this.#lastAsk;
    for (const fault of this.#ills.felt()) {
      this.#met.add(`${fault} @ ${stage}`);
      if (said !== null && said.at === this.#engine.elapsed)
        this.#met.add(`${fault} & ${said.ask}`);
    }
  }
}

/** As the command does: without a number, to where the release came from, or who was healthy last. */
function rolledBack(app: App, asked: number | null, now: number): App {
  const to = asked ?? targetOf(app);
  return to === null ? app : rollBack(app, to, now);
}

function targetOf(app: App): number | null {
  return app.release?.from ?? previousRevision(app);
}

function isWarm(simulation: Simulation, late: boolean): boolean {
  const { app } = simulation;
  const now = simulation.now();
  if (app.release !== null) return false;
  return app.kept.some(({ warm, until }) => warm && (late ? until <= now : until > now));
}

function isWarmRollback(act: Act, app: App): boolean {
  if (act.kind !== "rollback" || app.release !== null) return false;
  const to = act.to ?? targetOf(app);
  return app.kept.some((k) => k.warm && k.revision === to);
}

/** A measurement of an example's metric that is good below 1. */
function sampleOf(measured: Measured): Sample {
  switch (measured) {
    case "good":
      return { kind: "value", value: 0 };
    case "bad":
      return { kind: "value", value: 2 };
    case "none":
      return { kind: "noData", reason: "nobody answers" };
  }
}

/** The engine as it stands when the story begins. */
async function engineOf(story: Story): Promise<FakeEngine> {
  const { behaviour, routeMs, jitterMs, seed, settings, kept, slots } = story;
  const extra = kept?.warm ? kept.replicas : 0;
  const engine = new FakeEngine({
    behaviour,
    routeMs,
    jitterMs,
    startsAt: Date.UTC(2026, 0, 1),
    seed: 1 + (seed % 1_000_000),
    slots: slots === null ? null : slots + extra,
  });
  if (story.first) return engine;
  const scale = (revision: number, replicas: number) =>
    engine.apply({ kind: "scale", revision, replicas }, signal);
  await scale(1, 0);
  await scale(2, extra);
  await scale(cast.stable, settings.replicas);
  await engine.apply({ kind: "route", table: { generation: 1, rule: startRule } }, signal);
  engine.runTo(
    engine.elapsed + (behaviour.startMs ?? 1000) + jitterMs + routeMs + story.minReadyMs + 10,
  );
  return engine;
}

const startRule = { kind: "byReplica", revisions: [cast.stable] } as const;

/** The app as it stands when the story begins: a release has just been asked for. */
function appOf(story: Story, now: number): App {
  const fresh = newApp("shop", story.settings);
  const { kept } = story;
  const settled: App = {
    ...fresh,
    stable: cast.stable,
    served: cast.served,
    releases: cast.served.length,
    route: { generation: 1, rule: startRule },
    kept: kept === null ? [] : [{ revision: 2, warm: kept.warm, until: now + kept.ms }],
  };
  const before = story.first ? fresh : settled;
  const asked = requestRelease(before, releaseTo(cast.canary), { now, by: "ann", busy: "queue" });
  return asked.release === null ? asked : { ...asked, release: withExtras(asked.release, story) };
}

function withExtras(release: NonNullable<App["release"]>, story: Story) {
  const { schema } = story;
  const plan = schema === null ? release.plan : withSchemaPhases(release.plan, schema.bakeMs);
  return { ...release, plan };
}
