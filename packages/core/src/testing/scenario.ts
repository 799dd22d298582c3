import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Metric, Sample } from "../model/metric.ts";
import type { Verdict } from "../model/observed.ts";
import type { Danger, Mishap } from "./danger.ts";
import type { FakeEngine } from "./fake-engine.ts";
import type { Simulation } from "./simulate.ts";

/** Something that happens once, when its time has come. */
export type SimEvent = {
  /**
   * An instant of virtual time, or a question asked before every decision until it says yes. A run
   * does not end before the former; the latter may never come.
   */
  readonly when: number | ((simulation: Simulation) => boolean);
} & (
  | {
      /** What a person asks for: returns the app to persist. May also change the engine. */
      readonly act: (app: App, now: number) => App;
    }
  /** What the world does. */
  | { readonly world: (simulation: Simulation) => void | Promise<void> }
);

/** One run: an app, an engine, and what happens to them. */
export interface Scenario {
  readonly app: App;
  readonly engine: FakeEngine;
  readonly minReadyMs?: number;
  readonly events?: readonly SimEvent[];
  readonly verdict?: (name: string, now: number) => Verdict | null;
  /** One measurement of a source that is asked; null: it is still under way. By default a good 0. */
  readonly measure?: (metric: Metric, now: number) => Sample | null;
  /** Requests per second that the app gets; 100 by default. */
  readonly rate?: (now: number) => number;
  /** How long a measurement takes, ms; by default it is there at once. */
  readonly measureMs?: (metric: Metric) => number;
  /** Verdict of the hook runner on a key; every hook is done by default. */
  readonly hook?: (key: string) => "done" | "failed";
  /** How long it takes, ms: a second by default, and never longer than its attempts may. */
  readonly hookMs?: (key: string) => number;
  /** Asked whenever the controller could come to harm. */
  readonly mishap?: (danger: Danger, simulation: Simulation) => Mishap | null;
  /** For how long nobody controls the app after a mishap has killed who did, ms. Default 0. */
  readonly awayMs?: () => number;
  /** Every mutation reaches the engine so often. Default 1. */
  readonly deliveries?: (simulation: Simulation) => number;
  /** Is told of every step. */
  readonly onStep?: (simulation: Simulation, decision: Decision | null) => void;
  /** Ends the run before it is steady. */
  readonly until?: (simulation: Simulation) => boolean;
  readonly maxSteps?: number;
  /** The controller looks later and later while nothing is announced. */
  readonly tardy?: boolean;
  /** How many of the last steps and decisions are kept to be read. Default: all. */
  readonly traced?: number;
}
