import {
  type App,
  carryOut,
  type Decision,
  describeWhy,
  droppedBetween,
  type Engine,
  extendDeadlines,
  failpoint,
  HitlessError,
  type HookRunner,
  type MetricsSource,
  type Mutation,
  needs,
  next,
  type Observed,
  type Recorder,
  type ReleaseRecord,
  type ReleaseStore,
  references,
  type TurnPorts,
  takeUp,
  type Why,
} from "@hitless/core";
import { ClockWatch } from "./clock-watch.ts";
import { observeAll } from "./observe-all.ts";
import { noHooks, noMetrics, Outside } from "./outside.ts";
import { SideTraffic } from "./side-traffic.ts";
import { Sleeper } from "./sleeper.ts";

/** Between attempts after something unforeseen, ms. */
const afterErrorMs = 1000;

/** Makes the next app of the present one and of the rows of the history. */
export type Transition = (app: App, past: readonly ReleaseRecord[]) => App | Promise<App>;

/** An app before and after a transition. */
export interface Change {
  readonly before: App;
  readonly after: App;
}

/** What is told of a change. */
export interface Saying {
  /** For the event log. */
  readonly said: string;
  /** Hears of the change before it is saved. */
  readonly note?: (change: Change) => Promise<void>;
}

export interface ControllerOptions {
  readonly store: ReleaseStore;
  readonly engine: Engine;
  readonly lock: AppLock;
  /** Asks the sources of metrics that the data plane does not count itself. Absent: they have no data. */
  readonly metrics?: MetricsSource;
  /** Absent: every hook fails. */
  readonly hooks?: HookRunner;
  /** Writes down every decision, for a replay. */
  readonly recorder?: Recorder | undefined;
}

/** The right to decide for the app, as the loop needs it. */
export interface AppLock {
  /** When the previous controller was last alive; deadlines are moved by the time since. */
  readonly lastSeen: number | null;
  /** Throws when another controller has taken the app over. */
  assertHeld(): void;
  /** The deadlines in the state are those of a clock that has jumped: signs of life follow it. */
  clockMoved(): Promise<void>;
  /** The deadlines in the state are those of now: from here on signs of life mean that it is watched. */
  takenUp(): Promise<void>;
}

/**
 * The loop that runs releases over the ports: observe, ask `next`, persist, act. It holds nothing
 * that it could not read again: it may be killed between any two lines.
 */
export class Controller {
  private readonly options: ControllerOptions;
  private readonly sleeper = new Sleeper();
  private readonly clock = new ClockWatch();
  /** What each revision gets. */
  readonly traffic = new SideTraffic();
  private readonly outside: Outside;
  private readonly facts = new Map<number, { readonly minReadyMs: number }>();
  private app: App;
  private last: Why;
  private lastSince = Date.now();
  /** The reason that the event log has heard of last, as JSON. */
  private noted = "";
  private lastError = "";
  /** Since when no step could be taken, ms since the epoch; null: the last one could. */
  private failingSince: number | null = null;
  private sequence = 0;
  private closed: HitlessError | null = null;
  /** Revisions whose release ended or was dropped, perhaps before anything of them was started. */
  private readonly unstarted = new Set<number>();
  /** A jump of the clock, or a time without a watch, that no deadline has been moved by yet. */
  private gapMs = 0;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  private constructor(app: App, options: ControllerOptions) {
    this.app = app;
    this.options = options;
    const { metrics = noMetrics, hooks = noHooks } = options;
    this.outside = new Outside({ metrics, hooks, changed: () => this.sleeper.wake() });
    this.last = {
      kind: "unobservable",
      what: "app",
      reason: "not looked at yet",
      since: Date.now(),
    };
  }

  /** Takes up a saved app; with a release under way, its deadlines skip the time nobody watched. */
  static async open(app: App, options: ControllerOptions): Promise<Controller> {
    const taken = takeUp(app, options.lock.lastSeen, Date.now());
    // Else a controller that is killed before it decides anything takes that time away again.
    if (taken !== app) await options.store.save(taken);
    await options.lock.takenUp();
    options.recorder?.saved(taken, "taken up");
    const controller = new Controller(taken, options);
    await controller.loadFacts();
    return controller;
  }

  get current(): App {
    return this.app;
  }

  /** Why the last decision was what it was. */
  get why(): Why {
    return this.last;
  }

  /** Since when it is of this kind, ms since the epoch; its facts may have changed since. */
  get whySince(): number {
    return this.lastSince;
  }

  /** Grows whenever the app or the reason changes. */
  get version(): number {
    return this.sequence;
  }

  /** Resolves at the next change, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.listeners.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.listeners.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }

  /**
   * Changes the app by a transition and persists it before anyone sees it; nothing else changes it
   * meanwhile. What the transition throws is thrown, with nothing changed; so is what `close` was
   * told to say.
   */
  async transact(transition: Transition, { said, note }: Saying): Promise<Change> {
    // The loop may act on the new app as soon as it is saved.
    await this.loadFacts();
    const change = await this.exclusive(async () => {
      this.assertOpen();
      // A person speaks by the clock as it is now: the times in the app have to be of the same one.
      await this.coverGap();
      const before = this.app;
      const after = await transition(before, await this.options.store.history());
      await note?.({ before, after });
      await failpoint("intent-due");
      if (after !== before) await this.persist(after, said);
      return { before, after };
    });
    await failpoint("intent-saved");
    this.sleeper.wake();
    // It is accepted: a log that cannot be written does not undo it.
    await this.event("intent", said).catch(() => undefined);
    const dropped = droppedBetween(change.before, change.after);
    if (dropped !== null) {
      const text = `release ${dropped.id} to revision ${dropped.to}, queued by ${dropped.by}, never begins: ${said}`;
      await this.event("dropped", text).catch(() => undefined);
      this.unstarted.add(dropped.to);
    }
    return change;
  }

  /** Throws once nothing is accepted any more. */
  assertOpen(): void {
    if (this.closed !== null) throw this.closed;
  }

  /** From now on nothing is accepted any more; each `transact` throws this. */
  async close(because: HitlessError, note?: Saying["note"]): Promise<void> {
    await this.exclusive(async () => {
      await note?.({ before: this.app, after: this.app });
      this.closed ??= because;
    });
  }

  /** Runs until `signal` aborts. Leaves everything as it is then. */
  async run(signal: AbortSignal): Promise<void> {
    const stopListening = this.listen(signal);
    const ticking = this.clock.start();
    while (!signal.aborted) {
      try {
        await this.step(signal);
      } catch (thrown) {
        if (signal.aborted) break;
        await this.noteError(HitlessError.from(thrown));
        await this.sleeper.until(Date.now() + afterErrorMs, signal);
      }
    }
    ticking.stop();
    this.outside.close();
    await stopListening;
  }

  private async step(signal: AbortSignal): Promise<void> {
    this.sleeper.arm();
    await this.exclusive(() => this.coverGap());
    const before = this.app;
    const wanted = needs(before, Date.now());
    const { traffic, outside } = this;
    const ways = { needs: wanted, outside, traffic, signal };
    const seen = await observeAll(this.options.engine, before, ways);
    const decision = await this.exclusive(async () => {
      // An intent came while we looked: what was seen is judged for the new app, next time.
      if (this.app !== before) return null;
      // So is what the clock says since it jumped: no deadline has been moved by that yet.
      if (this.noticeGap() !== 0) return null;
      const at = { now: Date.now(), facts: this.facts };
      const made = next(before, seen, at);
      this.options.recorder?.turn({ app: before, seen, at }, made);
      // An engine may take its time to accept it.
      if (made.kind === "mutate") this.explain(made.why);
      await carryOut(made, { app: before, seen, at }, this.portsUntil(signal));
      if (made.kind === "finish") this.unstarted.add(made.record.to);
      await this.forgetUnstarted(seen);
      return made;
    });
    if (decision === null) return;
    this.failingSince = null;
    this.lastError = "";
    await this.note(decision);
    if (decision.kind === "wait") await this.sleeper.until(decision.lookAgain, signal);
    if (decision.kind === "steady") await this.sleeper.until(Date.now() + afterErrorMs, signal);
  }

  /** Nobody else throws away a revision that the engine never heard of; killed here, the next start does. */
  private async forgetUnstarted({ revisions }: Observed): Promise<void> {
    if (revisions.kind === "unknown") return;
    const { app } = this;
    const needed = new Set([...app.served, ...references(app)]);
    for (const { revision } of revisions.value) needed.add(revision);
    for (const to of this.unstarted) {
      if (!needed.has(to)) await this.options.store.removeRevision(to);
      this.unstarted.delete(to);
    }
  }

  /** Deadlines move with a clock that jumped. Saved at once: most decisions change nothing else. */
  private async coverGap(): Promise<void> {
    const gapMs = this.noticeGap();
    if (gapMs === 0) return;
    const { lock } = this.options;
    // Killed in between, the next controller may count too little of a hold, and never too much.
    if (gapMs < 0) await lock.clockMoved();
    await this.persist(extendDeadlines(this.app, gapMs), "a clock that jumped");
    this.gapMs -= gapMs;
    if (gapMs > 0) await lock.clockMoved();
  }

  private noticeGap(): number {
    this.gapMs += this.clock.gap();
    return this.gapMs;
  }

  private portsUntil(signal: AbortSignal): TurnPorts {
    return {
      save: (app) => this.persist(app, null),
      addRecord: (record) => this.options.store.addRecord(record),
      apply: (mutation) => this.apply(mutation, signal),
    };
  }

  private async apply(mutation: Mutation, signal: AbortSignal): Promise<number> {
    if (mutation.kind === "hook") {
      this.outside.begin(mutation);
      return 0;
    }
    if (mutation.kind === "migrate") {
      throw new HitlessError("REFUSED", `this controller has nobody to run "${mutation.kind}"`);
    }
    return this.options.engine.apply(mutation, signal);
  }

  private async note(decision: Decision): Promise<void> {
    // One of many: what is waited for, and since when, is still the hold that it goes by.
    if (decision.why.kind === "measured") return;
    const text = JSON.stringify(decision.why);
    if (text === this.noted) return;
    this.noted = text;
    this.explain(decision.why);
    if (decision.kind === "wait" || decision.kind === "steady") return;
    await this.event(decision.kind, describeWhy(decision.why, Date.now()));
  }

  private explain(why: Why): void {
    if (JSON.stringify(why) === JSON.stringify(this.last)) return;
    if (why.kind !== this.last.kind) this.lastSince = Date.now();
    this.last = why;
    this.announce();
  }

  /** The same error again and again is told once: the log is for people. */
  private async noteError(error: HitlessError): Promise<void> {
    this.failingSince ??= Date.now();
    // Whatever is decided next is news again.
    this.noted = "";
    this.explain({ kind: "failing", reason: error.message, since: this.failingSince });
    const text = `${error.code}: ${error.message}`;
    if (text === this.lastError) return;
    this.lastError = text;
    await this.event("error", text).catch(() => undefined);
  }

  /** `by`: what changed it; null: a decision. */
  private async persist(app: App, by: string | null): Promise<void> {
    this.options.lock.assertHeld();
    await this.options.store.save(app);
    this.app = app;
    this.options.recorder?.saved(app, by);
    this.announce();
  }

  private announce(): void {
    this.sequence += 1;
    for (const listener of [...this.listeners]) listener();
  }

  private event(kind: string, text: string): Promise<void> {
    return this.options.store.addEvent({ at: Date.now(), kind, text });
  }

  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async listen(signal: AbortSignal): Promise<void> {
    for await (const _ of this.options.engine.changes(signal)) {
      this.sleeper.wake();
      this.announce();
    }
  }

  private async loadFacts(): Promise<void> {
    for (const number of await this.options.store.revisions()) {
      if (this.facts.has(number)) continue;
      const revision = await this.options.store.revision(number);
      if (revision !== null)
        this.facts.set(number, { minReadyMs: revision.minReadySeconds * 1000 });
    }
  }
}
