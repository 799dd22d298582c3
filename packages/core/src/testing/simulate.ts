import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Observed, Verdict } from "../model/observed.ts";
import type { ReleaseRecord } from "../model/release.ts";
import type { Why } from "../model/why.ts";
import { violations } from "../reconciler/invariants.ts";
import { needs, next } from "../reconciler/next.ts";
import { type Facts, isWhy, readWorld } from "../reconciler/world.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { FakeOutside } from "./fake-outside.ts";
import { FakeStore } from "./fake-store.ts";
import { brokenAfter, brokenBy, type Truth, truthOf } from "./truth.ts";

/** Where a simulated controller dies around one mutation; the next one starts at once. */
export type Kill = "beforeApply" | "beforeToken";

/** Something that a person or the world does, once, when its time has come. */
export interface SimEvent {
  /**
   * An instant of virtual time, or a question asked before every decision until it says yes. A run
   * does not end before the former; the latter may never come.
   */
  readonly when: number | ((simulation: Simulation) => boolean);
  /** Returns the app to persist. May also change the engine. */
  readonly act: (app: App, now: number) => App;
}

/** One run: an app, an engine, and what happens to them. */
export interface Scenario {
  readonly app: App;
  readonly engine: FakeEngine;
  readonly minReadyMs?: number;
  readonly events?: readonly SimEvent[];
  readonly verdict?: (name: string, now: number) => Verdict | null;
  /** Verdict of the hook runner on a key; every hook is done after a second by default. */
  readonly hook?: (key: string) => "done" | "failed";
  /** Asked with the number of the mutation, from 1. */
  readonly kill?: (mutation: number) => Kill | null;
  /** Ends the run before it is steady. */
  readonly until?: (simulation: Simulation) => boolean;
  readonly maxSteps?: number;
}

/** What was so, in truth, right after one step. */
export interface TraceLine {
  readonly at: number;
  readonly decision: string;
  readonly available: number;
  readonly total: number;
  readonly levels: Readonly<Record<number, number>>;
}

const signal = new AbortController().signal;
const longestLookMs = 60_000;

/**
 * Runs an app against the fake engine as a controller does: observe, decide, persist, act. Stops
 * with an error that carries the trace when an invariant breaks, when a wait names no later
 * instant, or when it does not come to rest.
 */
export class Simulation {
  readonly engine: FakeEngine;
  readonly store = new FakeStore();
  readonly decisions: Decision[] = [];
  readonly trace: TraceLine[] = [];
  readonly whys = new Set<Why["kind"]>();
  readonly #scenario: Scenario;
  readonly #outside: FakeOutside;
  readonly #waiting: Set<SimEvent>;
  #app: App;
  #mutations = 0;
  #idle = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#app = scenario.app;
    this.engine = scenario.engine;
    this.#outside = new FakeOutside(scenario.hook ?? (() => "done"));
    this.#waiting = new Set(scenario.events ?? []);
  }

  get app(): App {
    return this.#app;
  }

  /** Mutations decided so far. */
  get mutations(): number {
    return this.#mutations;
  }

  now(): number {
    return this.engine.now();
  }

  /** Rows of the history, oldest first. */
  history(): Promise<readonly ReleaseRecord[]> {
    return this.store.history();
  }

  /** Runs until steady with no event left, or until the scenario says so. */
  async run(): Promise<this> {
    await this.store.save(this.#app);
    const { maxSteps = 3000, until } = this.#scenario;
    for (let step = 0; step < maxSteps; step += 1) {
      if (until?.(this) === true) return this;
      if (await this.#step()) return this;
    }
    throw this.#fault([`not at rest after ${maxSteps} steps`]);
  }

  async #step(): Promise<boolean> {
    await this.#happen();
    const seen = await this.#observe();
    const decision = next(this.#app, seen, { now: this.now(), facts: this.#facts() });
    this.decisions.push(decision);
    this.whys.add(decision.why.kind);
    const before = truthOf(this.engine, this.#minReadyMs());
    await this.#carryOut(decision, seen, before);
    const after = truthOf(this.engine, this.#minReadyMs());
    this.#note(decision, after);
    this.#refuse(brokenAfter(this.#app, after));
    const awaited = [...this.#waiting].some((event) => typeof event.when === "number");
    return decision.kind === "steady" && !awaited;
  }

  async #carryOut(decision: Decision, seen: Observed, before: Truth): Promise<void> {
    switch (decision.kind) {
      case "mutate":
        return this.#mutate(decision, seen, before);
      case "advance":
      case "turnBack":
        return this.#persist(decision.app);
      case "finish":
        await this.store.addRecord(decision.record);
        return this.#persist(decision.app);
      case "wait":
        return this.#sleep(decision.lookAgain);
      case "steady":
        return this.#sleep(this.now() + longestLookMs);
    }
  }

  async #mutate(
    decision: Extract<Decision, { kind: "mutate" }>,
    seen: Observed,
    before: Truth,
  ): Promise<void> {
    const { app, mutation } = decision;
    const world = readWorld(this.#app, seen, { now: this.now(), facts: this.#facts() });
    if (!isWhy(world)) this.#refuse(violations(this.#app, mutation, world));
    const asked = this.#app;
    await this.#persist(app);
    this.#mutations += 1;
    const kill = this.#scenario.kill?.(this.#mutations) ?? null;
    if (kill === "beforeApply") return this.#restart();
    const token = await this.#apply(mutation);
    const after = truthOf(this.engine, this.#minReadyMs());
    // Nobody can know of a loss that an old view hides; `violations` has judged by that view.
    if (!this.engine.frozen) this.#refuse(brokenBy(mutation, { app: asked, before, after }));
    if (kill === "beforeToken") return this.#restart();
    const ordered = app.ordered === null ? null : { ...app.ordered, token };
    await this.#persist({ ...app, ordered });
  }

  async #apply(mutation: Mutation): Promise<number | null> {
    if (mutation.kind === "hook" || mutation.kind === "migrate") {
      this.#outside.begin(mutation, this.now());
      return null;
    }
    return this.engine.apply(mutation, signal);
  }

  /**
   * The next controller knows what was persisted; it begins again what only the dead one ran. It
   * lists the world anew, so that a lost token is not needed to see what the dead one did.
   */
  async #restart(): Promise<void> {
    this.engine.thaw();
    const saved = await this.store.load();
    if (saved === null) throw new TypeError("nothing was saved");
    this.#app = saved;
    const last = saved.ordered?.mutation;
    if (last?.kind === "hook" || last?.kind === "migrate") this.#outside.begin(last, this.now());
  }

  async #observe(): Promise<Observed> {
    const wanted = needs(this.#app);
    const view = await this.engine.observe(this.#app, wanted, signal);
    const verdicts = wanted.flatMap((need) => {
      if (need.kind !== "verdict") return [];
      const verdict = this.#scenario.verdict?.(need.name, this.now()) ?? null;
      return verdict === null ? [] : [[need.name, verdict] as const];
    });
    return {
      ...view,
      ...this.#outside.view(this.now()),
      verdicts: Object.fromEntries(verdicts),
      lastLogLines: Object.fromEntries(
        this.engine.replicas().map((r) => [r.id, [`last words of ${r.id}`]]),
      ),
    };
  }

  async #happen(): Promise<void> {
    for (const event of this.#waiting) {
      if (!this.#due(event)) continue;
      this.#waiting.delete(event);
      await this.#persist(event.act(this.#app, this.now()));
    }
  }

  #due(event: SimEvent): boolean {
    return typeof event.when === "number" ? this.now() >= event.when : event.when(this);
  }

  async #persist(app: App): Promise<void> {
    await this.store.save(app);
    this.#app = app;
  }

  #sleep(lookAgain: number): void {
    if (lookAgain <= this.now()) this.#refuse([`looks again at ${lookAgain}, which is past`]);
    const soonest = Math.min(
      lookAgain,
      this.engine.nextAt(),
      this.#outside.nextAt(this.now()),
      ...[...this.#waiting].map((e) => (typeof e.when === "number" ? e.when : Infinity)),
    );
    this.#idle = 0;
    this.engine.runTo(Math.max(this.now() + 1, soonest));
  }

  #note(decision: Decision, truth: Truth): void {
    this.#idle += 1;
    const detail = decision.kind === "mutate" ? ` ${JSON.stringify(decision.mutation)}` : "";
    this.trace.push({
      at: this.now(),
      decision: `${decision.kind} ${decision.why.kind}${detail}`,
      available: truth.available,
      total: truth.total,
      levels: Object.fromEntries(truth.levels),
    });
    if (this.#idle > 500) this.#refuse(["decides without end while no time passes"]);
  }

  #facts(): Facts {
    const numbers = [...this.engine.levels().keys(), this.#app.release?.to, this.#app.stable];
    const known = numbers.filter((n) => n !== undefined && n !== null);
    return new Map(known.map((n) => [n, { minReadyMs: this.#minReadyMs() }]));
  }

  #minReadyMs(): number {
    return this.#scenario.minReadyMs ?? 0;
  }

  #refuse(broken: readonly string[]): void {
    if (broken.length > 0) throw this.#fault(broken);
  }

  #fault(broken: readonly string[]): Error {
    const lines = this.trace
      .slice(-25)
      .map((l) => `${l.at} ${l.available}/${l.total} ${JSON.stringify(l.levels)} ${l.decision}`);
    const last = JSON.stringify(this.decisions.at(-1)?.why);
    return new Error([...broken, `at ${this.now()} ms, last: ${last}`, ...lines].join("\n"));
  }
}

/** Runs a scenario to its end. */
export function simulate(scenario: Scenario): Promise<Simulation> {
  return new Simulation(scenario).run();
}
