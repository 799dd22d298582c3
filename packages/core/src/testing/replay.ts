import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Observed } from "../model/observed.ts";
import { violations } from "../reconciler/invariants.ts";
import { next } from "../reconciler/next.ts";
import { type Facts, isWhy, readWorld } from "../reconciler/world.ts";
import { type Change, changed, changesBetween } from "../trace/change.ts";
import { nameOf, plainOf } from "../trace/plain.ts";
import {
  type RecordedLine,
  recordedApp,
  recordedLineSchema,
  recordedSight,
} from "../trace/recorded-line.ts";

/** One line that the reconciler of today does not agree with. */
export interface Difference {
  /** From 1. */
  readonly line: number;
  readonly what: string;
  /** From what was recorded to what is so today. */
  readonly changes: readonly Change[];
}

export interface ReplayReport {
  readonly turns: number;
  readonly mutations: number;
  /** Apps that were changed by something else than a decision. */
  readonly interventions: number;
  readonly differences: readonly Difference[];
}

/**
 * Gives `next` what a trace says it was given, and compares what it decides with what was decided
 * then. Whatever changed the app in between must be in the trace, and no mutation may break a rule.
 * A torn last line is left out, as a controller that was killed leaves it.
 */
export function replayTrace(lines: readonly string[]): ReplayReport {
  const replay = new Replay();
  const whole = lines.filter((line) => line !== "");
  whole.forEach((line, index) => {
    const parsed = parsedLine(line);
    if (parsed !== null) replay.take(parsed, index + 1);
    else if (index < whole.length - 1) throw new TypeError(`line ${index + 1} is no trace line`);
  });
  return replay;
}

class Replay implements ReplayReport {
  turns = 0;
  mutations = 0;
  interventions = 0;
  readonly differences: Difference[] = [];
  #app: App | null = null;
  #seen: unknown = null;
  #facts: Facts = new Map();
  /** The app that the last decision wants saved; null when it wants none. */
  #made: App | null = null;

  take(line: RecordedLine, number: number): void {
    switch (line.kind) {
      case "start":
        this.#app = line.app;
        return;
      case "turn":
        this.#turn(line, number);
        return;
      case "saved":
        this.#saved(line, number);
    }
  }

  #turn(line: Extract<RecordedLine, { kind: "turn" }>, number: number): void {
    const app = this.#present();
    this.turns += 1;
    if (line.facts !== undefined) {
      this.#facts = new Map(line.facts.map(([revision, minReadyMs]) => [revision, { minReadyMs }]));
    }
    this.#seen = changed(this.#seen, line.seen);
    if (nameOf(app) !== line.app) this.#differs(number, "nothing says what changed the app", []);
    const seen = recordedSight.parse(this.#seen);
    const at = { now: line.at, facts: this.#facts };
    const decision = next(app, seen, at);
    this.#compare(line, decision, { app, number });
    if (decision.kind === "mutate") this.#judge(decision, { app, seen, at, number });
    this.#made = "app" in decision ? decision.app : null;
  }

  #compare(
    line: Extract<RecordedLine, { kind: "turn" }>,
    decision: Decision,
    { app, number }: { readonly app: App; readonly number: number },
  ): void {
    const made = line.made === undefined ? {} : { app: changed(app, line.made) };
    const found = changesBetween({ ...line.decision, ...made }, plainOf(decision));
    if (found.length > 0) this.#differs(number, `decides ${decision.kind}`, found);
  }

  #judge(
    { mutation }: Extract<Decision, { kind: "mutate" }>,
    on: {
      readonly app: App;
      readonly seen: Observed;
      readonly at: { readonly now: number; readonly facts: Facts };
      readonly number: number;
    },
  ): void {
    this.mutations += 1;
    const world = readWorld(on.app, on.seen, on.at);
    if (isWhy(world)) return;
    for (const broken of violations(on.app, mutation, world)) this.#differs(on.number, broken, []);
  }

  #saved(line: Extract<RecordedLine, { kind: "saved" }>, number: number): void {
    const app = recordedApp.parse(changed(this.#present(), line.app));
    if (line.by === null) this.#expect(app, number);
    else this.interventions += 1;
    this.#app = app;
  }

  /** What a turn saves is what was decided, and after that the same with the engine's token. */
  #expect(app: App, number: number): void {
    const made = plainOf(this.#made ?? this.#present());
    const found = changesBetween(made, app).filter(([path]) => path.join(".") !== "ordered.token");
    if (found.length > 0) this.#differs(number, "saves what was not decided", found);
  }

  #present(): App {
    if (this.#app === null) throw new TypeError("the trace does not begin with a start");
    return this.#app;
  }

  #differs(line: number, what: string, changes: readonly Change[]): void {
    this.differences.push({ line, what, changes });
  }
}

function parsedLine(line: string): RecordedLine | null {
  try {
    return recordedLineSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
