import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { EngineMutation, Mutation } from "../model/mutation.ts";
import type { Observed } from "../model/observed.ts";
import type { ReleaseRecord } from "../model/release.ts";
import type { Why } from "../model/why.ts";
import { needs } from "../reconciler/next.ts";
import type { Facts } from "../reconciler/world.ts";
import { Agenda } from "./agenda.ts";
import { CallFailed, type Danger, Killed } from "./danger.ts";
import { FakeController } from "./fake-controller.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { FakeOutside, lastLines } from "./fake-outside.ts";
import { FakeStore } from "./fake-store.ts";
import { brokenAfter, holdsForTwo, Judge } from "./judge/judge.ts";
import { brokenBy, held } from "./judge/judge-mutation.ts";
import { Patience } from "./patience.ts";
import type { Scenario, SimEvent } from "./scenario.ts";
import { SimulationFault, storyOf } from "./simulation-fault.ts";
import { forget, type Step, type TraceLine, traceLine } from "./trace.ts";
import { type Truth, truthOf } from "./truth.ts";

const signal = new AbortController().signal;
const afterErrorMs = 1000;
const leastMsOfTwo = 50;
const highestRevision = 40;

interface Asked {
  readonly app: App;
  readonly losses: number;
  readonly available: number;
}

/**
 * Runs an app against the fake engine with a controller that does what the real one does. Stops
 * with a `SimulationFault` when an invariant breaks, when a wait names no later instant or a reason
 * that is not so, or when it does not come to rest.
 */
export class Simulation {
  readonly engine: FakeEngine;
  readonly store: FakeStore;
  readonly outside: FakeOutside;
  readonly decisions: Decision[] = [];
  readonly whys = new Set<Why["kind"]>();
  readonly #scenario: Scenario;
  readonly #judge: Judge;
  readonly #patience: Patience;
  readonly #agenda: Agenda;
  readonly #steps: Step[] = [];
  readonly #facts: Facts;
  /** Who decided a mutation, knowing of how many losses, and how many were available then. */
  readonly #askedBy = new WeakMap<Mutation, Asked>();
  #saved: App;
  #controllers: readonly FakeController[] = [];
  #broken: readonly string[] = [];
  /** Until then nobody controls the app. */
  #awayUntil = 0;
  #lastSeen: number | null = null;
  #wallGapMs = 0;
  #mutations = 0;
  #idle = 0;
  #doubled = false;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#saved = scenario.app;
    this.engine = scenario.engine;
    this.outside = new FakeOutside(scenario);
    this.store = new FakeStore();
    this.#judge = new Judge({
      ended: this.outside.ended,
      now: () => this.now(),
      rate: () => this.outside.rate(this.now()),
      requestsOf: (revision) => this.engine.dataPlane.requests()[revision] ?? 0,
    });
    this.store.onSave = (app) => {
      this.#saved = app;
      this.#refuse(this.#judge.onSave(app));
    };
    this.store.onLoad = (app) => this.#judge.onLoad(app);
    this.store.onRecord = (record) => this.#refuse(this.#judge.onRecord(record));
    this.#patience = new Patience(scenario.tardy === true);
    this.#agenda = new Agenda(scenario.events ?? []);
    const minReadyMs = scenario.minReadyMs ?? 0;
    const numbers = Array.from({ length: highestRevision }, (_, n) => n);
    this.#facts = new Map(numbers.map((n) => [n, { minReadyMs }]));
  }

  /** The app as the controller knows it, or as it was saved last. */
  get app(): App {
    return this.#controllers[0]?.app ?? this.#saved;
  }

  /** Whether somebody controls the app. */
  get controlled(): boolean {
    return this.#controllers.length > 0;
  }

  /** Whether two controllers have acted at once. */
  get doubled(): boolean {
    return this.#doubled;
  }

  /** Mutations decided so far. */
  get mutations(): number {
    return this.#mutations;
  }

  /** The last steps, or all of them. */
  get trace(): readonly TraceLine[] {
    return this.#steps.map(traceLine);
  }

  /** What the wall clock says. */
  now(): number {
    return this.engine.now();
  }

  /** What is so at present. */
  truth(): Truth {
    return truthOf(this.engine, this.#scenario.minReadyMs ?? 0);
  }

  history(): Promise<readonly ReleaseRecord[]> {
    return this.store.history();
  }

  /** The controller dies; the next one comes `forMs` later. */
  kill(forMs: number): void {
    // By the clock that its deadlines go by. Who dies before it has taken up passes on what it found.
    if (this.controlled) this.#lastSeen = this.now() - this.#wallGapMs;
    this.#controllers = [];
    this.#wallGapMs = 0;
    this.#awayUntil = this.engine.elapsed + forMs;
    // Who is new lists the world anew, so that a lost token is not needed to see what was done.
    this.engine.thaw();
    this.engine.settle();
    this.outside.forget(this.engine.elapsed);
  }

  /** The wall clock jumps; the controller finds out at its next turn. */
  jumpClock(ms: number): void {
    this.engine.jumpClock(ms);
    if (this.controlled) this.#wallGapMs += ms;
  }

  /** What the judge says of what somebody asks for. */
  judged(by: (judge: Judge) => readonly string[]): void {
    this.#refuse(by(this.#judge));
  }

  /** Something else will happen. */
  expect(event: SimEvent): void {
    this.#agenda.add(event);
  }

  /** A second controller acts beside the first, which the lock of a store is there to prevent. */
  async double(): Promise<void> {
    try {
      this.#controllers = [...this.#controllers, await this.#open()];
      this.#doubled = true;
    } catch (thrown) {
      this.#survive(thrown);
    }
  }

  /** Only the newest controller is left. */
  undouble(): void {
    this.#controllers = this.#controllers.slice(-1);
    if (this.#doubled) this.kill(0);
  }

  /** Runs until steady with no event left, or until the scenario says so. */
  async run(): Promise<this> {
    this.engine.witness((mutation, take) => this.#witness(mutation, take));
    await this.store.save(this.#scenario.app);
    // It was there all the time: what it runs is no news to it.
    this.#controllers = [await this.#open()];
    const { maxSteps = 3000, until } = this.#scenario;
    for (let step = 0; step < maxSteps; step += 1) {
      if (until?.(this) === true) return this;
      if (await this.#step()) return this;
    }
    throw this.#fault([`not at rest after ${maxSteps} steps`]);
  }

  async #step(): Promise<boolean> {
    await this.#happen();
    // A person may be quicker than the first turn of a new controller.
    if (!this.controlled) return this.#return();
    let decision: Decision | null = null;
    for (const controller of this.#controllers) decision = await this.#turn(controller);
    this.#note(decision);
    if (
      decision?.kind === "steady" &&
      this.#agenda.awaited(this.engine.elapsed) === Number.POSITIVE_INFINITY
    )
      return true;
    if (!this.controlled) return false;
    const restMs = decision === null ? afterErrorMs : this.#patience.restMs(decision, this.now());
    if (restMs !== null && restMs <= 0) this.#refuse(["looks again at an instant that is past"]);
    if (restMs !== null) this.#sleep(this.engine.elapsed + restMs);
    return false;
  }

  /** One turn of a controller; null when it came to harm or could not look. */
  async #turn(controller: FakeController): Promise<Decision | null> {
    let decision: Decision | null = null;
    try {
      await this.#coverGap(controller);
      decision = await controller.turn((made) => this.#decided(controller.app, made));
      return decision;
    } catch (thrown) {
      this.#survive(thrown);
      return null;
    }
  }

  async #coverGap(controller: FakeController): Promise<void> {
    if (this.#wallGapMs === 0) return;
    await controller.coverGap(this.#wallGapMs);
    this.#wallGapMs = 0;
  }

  #decided(app: App, decision: Decision): void {
    this.decisions.push(decision);
    this.whys.add(decision.why.kind);
    if (decision.kind === "mutate") this.#mutations += 1;
    const at = { truth: this.truth(), engine: this.engine, outside: this.outside };
    this.#refuse(this.#judge.onDecision(app, decision, at));
  }

  /** What a mishap throws ends a turn; anything else is a fault in what is simulated. */
  #survive(thrown: unknown): void {
    if (thrown instanceof CallFailed || thrown instanceof Killed) return;
    if (thrown instanceof SimulationFault) throw thrown;
    throw this.#fault([`thrown: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  }

  /** The next controller comes when its time has come; until then the world goes on without. */
  async #return(): Promise<false> {
    if (this.engine.elapsed < this.#awayUntil) {
      this.engine.runTo(Math.min(this.#awayUntil, this.#agenda.awaited(this.engine.elapsed)));
    }
    if (this.engine.elapsed < this.#awayUntil) return false;
    try {
      this.#controllers = [await this.#open()];
    } catch (thrown) {
      this.#survive(thrown);
      this.#awayUntil = Math.max(this.#awayUntil, this.engine.elapsed + afterErrorMs);
      this.engine.runTo(this.engine.elapsed + 1);
    }
    return false;
  }

  #open(): Promise<FakeController> {
    return FakeController.open(
      {
        store: this.store,
        facts: this.#facts,
        now: () => this.now(),
        observe: (app) => this.#observe(app),
        apply: (mutation, app) => this.#apply(mutation, app),
        danger: (point) => this.#danger(point),
      },
      this.#lastSeen,
    );
  }

  #danger(point: Danger): void {
    const mishap = this.#scenario.mishap?.(point, this) ?? null;
    if (mishap === null) return;
    if (mishap === "failed") {
      this.#lookAnew(point);
      throw new CallFailed(point);
    }
    this.kill(this.#scenario.awayMs?.() ?? 0);
    throw new Killed(point);
  }

  /** What was done and said to have failed: nothing is built on it, and nothing older is seen. */
  #lookAnew(point: Danger): void {
    if (point === "after mutation") {
      this.engine.thaw();
      this.engine.settle();
    } else if (point.startsWith("after")) this.#judge.onDoubt();
  }

  async #apply(mutation: Mutation, app: App): Promise<number> {
    const { available } = this.truth();
    this.#askedBy.set(mutation, { app, losses: this.engine.seenLosses, available });
    if (mutation.kind === "hook") this.#refuse(this.#judge.onHook(mutation, app));
    if (mutation.kind === "hook" || mutation.kind === "migrate") {
      this.#witness(mutation, () => this.outside.begin(mutation, this.engine.elapsed));
      return 0;
    }
    let token = await this.engine.apply(mutation, signal);
    const deliveries = this.#scenario.deliveries?.(this) ?? 1;
    for (let n = 1; n < deliveries; n += 1) token = await this.engine.apply(mutation, signal);
    return token;
  }

  #witness(mutation: EngineMutation | Mutation, take: () => void): void {
    const before = this.truth();
    take();
    // Delivered again: the first time was judged.
    if (held(mutation, before)) return;
    const asked = this.#askedBy.get(mutation);
    // Nobody can know of a loss that an old view hides, or that comes before a late effect.
    if (asked === undefined || this.engine.losses !== asked.losses || this.engine.frozen) return;
    // Nor that who was of no use when it was ordered away would be ready again by then.
    if (before.available > asked.available) return;
    const { app } = asked;
    const deed = { app, strategy: this.#judge.strategyOf(app), now: this.now(), before };
    this.#refuse(brokenBy(mutation, { ...deed, after: this.truth() }));
  }

  async #observe(app: App): Promise<Observed> {
    const wanted = needs(app, this.now());
    const view = await this.engine.observe(app, wanted, signal);
    const replicas = view.replicas.kind === "known" ? view.replicas.value : [];
    const seen = {
      ...view,
      ...this.outside.view(wanted, { now: this.engine.elapsed, wall: this.now() }),
      lastLogLines: lastLines(app, replicas),
    };
    this.#judge.onLook(app, wanted, seen);
    return seen;
  }

  async #happen(): Promise<void> {
    for (const event of this.#agenda.due(this)) {
      if ("world" in event) {
        this.#agenda.done(event);
        await event.world(this);
        continue;
      }
      // Who finds nobody to talk to asks again.
      const [controller] = this.#controllers;
      if (controller === undefined) continue;
      this.#agenda.done(event);
      try {
        await controller.transact((app) => event.act(app, this.now()));
      } catch (thrown) {
        this.#survive(thrown);
      }
    }
  }

  #sleep(until: number): void {
    const { elapsed } = this.engine;
    const outside = this.outside.nextAt(elapsed);
    const soonest = Math.min(
      until,
      this.engine.nextAt(),
      outside,
      this.#agenda.awaited(this.engine.elapsed),
    );
    this.#idle = 0;
    // Two that undo each other's work always find something to wait for.
    const leastMs = this.#doubled ? leastMsOfTwo : 1;
    this.engine.runTo(Math.max(elapsed + leastMs, soonest));
  }

  #note(decision: Decision | null): void {
    this.#idle += 1;
    const truth = this.truth();
    this.#steps.push({ at: this.engine.elapsed, decision, truth });
    forget(this.#steps, this.#scenario.traced);
    forget(this.decisions, this.#scenario.traced);
    // Two that undo each other's work do so at the pace of what they order.
    if (this.#doubled && this.#idle > 20) {
      this.engine.runTo(this.engine.elapsed + afterErrorMs);
      this.#idle = 0;
    }
    if (this.#idle > 500) this.#refuse(["decides without end while no time passes"]);
    this.#refuse(brokenAfter(this.#saved, truth));
    this.#scenario.onStep?.(this, decision);
    if (this.#broken.length > 0) throw this.#fault(this.#broken);
  }

  /** Collected, because what is thrown through a controller would pass for its own trouble. */
  #refuse(broken: readonly string[]): void {
    const found = this.#doubled ? broken.filter(holdsForTwo) : broken;
    if (found.length > 0) this.#broken = [...this.#broken, ...found];
  }

  #fault(broken: readonly string[]): SimulationFault {
    return new SimulationFault(
      [...new Set(broken)],
      storyOf(this.engine, this.decisions, this.trace),
    );
  }
}

/** Runs a scenario to its end. */
export function simulate(scenario: Scenario): Promise<Simulation> {
  return new Simulation(scenario).run();
}
