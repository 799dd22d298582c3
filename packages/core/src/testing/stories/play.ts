import type { App } from "../../model/app.ts";
import type { Sample } from "../../model/metric.ts";
import type { IntentKind, MeantFor } from "../../model/release.ts";
import { applyIntent } from "../../reconciler/intents.ts";
import { newestRelease } from "../../reconciler/meant-for.ts";
import { loose, orUnchanged } from "../examples.ts";
import type { FakeEngine } from "../fake-engine.ts";
import { acceptedFrozen, displaced, heeded, unbound, unheard } from "../judge/judge-begin.ts";
import { isOpen, type Moment, opensAfter } from "../judge/open-times.ts";
import type { Scenario, SimEvent } from "../scenario.ts";
import { Simulation } from "../simulate.ts";
import { SimulationFault, storyOf } from "../simulation-fault.ts";
import { type Asked, answerTo, isWarmRollback, targetOf } from "./answer.ts";
import { appOf, engineOf } from "./beginning.ts";
import { Circumstances } from "./circumstances.ts";
import { type Ask, askOf } from "./coverage.ts";
import { Ills } from "./ills.ts";
import { type Stage, stageOf } from "./stage.ts";
import type { Act, Cue, Happening, Measured, Story } from "./story.ts";
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
  readonly #circumstances: Circumstances;
  #transitions = 0;
  #looks = 0;
  /** Measurements asked of each metric so far, by name. */
  readonly #asked = new Map<string, number>();
  #mended = false;
  /** Time in which nothing was done but wait for a window, ms. */
  #skippedMs = 0;
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
    this.#circumstances = new Circumstances(story, this.#met);
    this.#circumstances.asked(app, this.#moment(engine.now()));
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
      onStep: ({ app }, decision) => {
        this.#circumstances.step(app, decision, this.#moment(engine.now()));
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
    return this.#story.mends ? longestMs + this.#skippedMs : mendsAfterMs;
  }

  #verdict() {
    const { verdicts } = this.#story;
    if (this.#mended) return "successful";
    const verdict = verdicts[Math.min(this.#looks, verdicts.length - 1)] ?? "successful";
    this.#looks += 1;
    return verdict;
  }

  /** Sources and hooks go as the story says, and as what ails them has it. */
  #outside(): Pick<Scenario, "measure" | "measureMs" | "hook" | "hookMs" | "rate"> {
    const ills = this.#ills;
    return {
      measure: ({ name }) =>
        ills.outside("source fails")
          ? { kind: "noData", reason: "nobody answers" }
          : sampleOf(this.#measuredOf(name)),
      measureMs: () => (ills.outside("source slow") ? Number.POSITIVE_INFINITY : 0),
      hook: (key) => (this.#hookFails(key) ? "failed" : "done"),
      hookMs: (key) => this.#hookMs(key),
      rate: () => this.#moment(0).rate,
    };
  }

  /** Many requests come at first, and few in the end. */
  #moment(now: number): Moment {
    const quiet = this.#mended || this.#engine.elapsed > this.#startsAt + this.#story.busyMs;
    return { now, rate: quiet ? 10 : 100 };
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
      const met = cue.kind === "frozen" ? app.frozen !== null : stageOf(app) === cue.stage;
      if (!met) return false;
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

  #ask(act: Asked, app: App, now: number): App {
    const ask = isWarmRollback(act, app) ? "warm rollback" : askOf(act);
    if (ask !== null) {
      const stage = stageOf(app);
      this.#met.add(`${ask} @ ${stage}`);
      for (const fault of this.#ills.felt()) this.#met.add(`${fault} & ${ask}`);
      this.#lastAsk = { ask, at: this.#simulation.engine.elapsed };
    }
    const changed = orUnchanged(app, () => this.#answer(act, app, now));
    this.#judgeAnswer(act, app, changed);
    if (changed !== app) this.#transitions += 1;
    return changed;
  }

  /** What heeds neither windows nor a freeze must come to the same without them. */
  #judgeAnswer(act: Asked, app: App, changed: App): void {
    const now = this.#simulation.now();
    const answer = (each: App) => orUnchanged(each, () => this.#answer(act, each, now));
    this.#simulation.judged((judge) => {
      switch (act.kind) {
        case "freeze":
        case "unfreeze":
          return unheard(act.kind, changed);
        case "anytime":
        case "release":
          if (act.kind === "anytime" || act.anytime === true) judge.begin.onAnytime(changed);
          return acceptedFrozen(app, changed);
        case "restart":
          return [
            ...acceptedFrozen(app, changed),
            ...displaced(app, changed),
            ...heeded(app, unbound(app, false), answer),
          ];
        case "rollback":
          return [
            ...(act.to === null ? judge.onTarget(app, targetOf(app)) : []),
            ...heeded(app, unbound(app, true), answer),
          ];
        case "say":
          return heeded(app, unbound(app, true), answer);
        default:
          return [];
      }
    });
    this.#circumstances.said(act, app, { after: changed, at: this.#moment(now) });
  }

  #answer(act: Asked, app: App, now: number): App {
    return answerTo(act, app, { now, firstLook: this.#firstLook });
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
    this.#thaw(simulation);
    this.#skipTo(simulation);
    // A side that was too small to be mended before it came up may be there by now.
    for (const revision of engine.levels().keys()) engine.heal(revision);
    const when = engine.elapsed + nudgeEveryMs;
    simulation.expect({ when, world: (later) => this.#nudge(later, atRest) });
  }

  #thaw(simulation: Simulation): void {
    const act = { kind: "unfreeze" } as const;
    if (simulation.app.frozen === null) return;
    simulation.expect({
      when: simulation.engine.elapsed,
      act: (app, now) => {
        const changed = this.#answer(act, app, now);
        this.#judgeAnswer(act, app, changed);
        return changed;
      },
    });
  }

  /** Nobody has to watch for days how a window stays closed: on to the last minute before it opens. */
  #skipTo({ app: { release, pending, settings }, engine }: Simulation): void {
    const { windows = [] } = settings;
    if (release !== null || pending === null || isOpen(windows, this.#moment(engine.now()))) return;
    const leadMs = nudgeEveryMs - (this.#story.seed % 60) * 1000;
    const skippedMs = (opensAfter(windows, engine.now()) ?? 0) - engine.now() - leadMs;
    if (skippedMs <= 0) return;
    engine.runTo(engine.elapsed + skippedMs);
    this.#skippedMs += skippedMs;
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

function isWarm(simulation: Simulation, late: boolean): boolean {
  const { app } = simulation;
  const now = simulation.now();
  if (app.release !== null) return false;
  return app.kept.some(({ warm, until }) => warm && (late ? until <= now : until > now));
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
