import type { App } from "../model/app.ts";
import type { Decision } from "../model/decision.ts";
import type { Mutation } from "../model/mutation.ts";
import type { Observed } from "../model/observed.ts";
import type { ReleaseStore } from "../ports/release-store.ts";
import { next } from "../reconciler/next.ts";
import { extendDeadlines, takeUp } from "../reconciler/progress.ts";
import { carryOut, type TurnPorts } from "../reconciler/turn.ts";
import type { Facts } from "../reconciler/world.ts";
import type { Danger } from "./danger.ts";

/** The world of a simulated controller. */
export interface ControllerHost {
  readonly store: ReleaseStore;
  readonly facts: Facts;
  /** The wall clock. */
  now(): number;
  observe(app: App): Promise<Observed>;
  /** Carries a mutation out for an app that had decided it. */
  apply(mutation: Mutation, app: App): Promise<number>;
  /** Throws when the controller comes to harm there. */
  danger(point: Danger): void;
}

/**
 * Does what the controller's loop does, with the same functions: observe, `next`, `carryOut`. All
 * that it knows beside the store is the app that it saved last.
 */
export class FakeController {
  readonly #host: ControllerHost;
  #app: App;

  private constructor(app: App, host: ControllerHost) {
    this.#app = app;
    this.#host = host;
  }

  /** Takes up what was saved. */
  static async open(host: ControllerHost, lastSeen: number | null): Promise<FakeController> {
    const saved = await host.store.load();
    if (saved === null) throw new TypeError("nothing was saved");
    const controller = new FakeController(saved, host);
    const taken = takeUp(saved, lastSeen, host.now());
    if (taken !== saved) await controller.#save(taken, "adoption");
    return controller;
  }

  get app(): App {
    return this.#app;
  }

  /** One turn of the loop; `decided` is told of the decision before it is carried out. */
  async turn(decided: (decision: Decision) => void): Promise<Decision> {
    const app = this.#app;
    const seen = await this.#host.observe(app);
    const at = { now: this.#host.now(), facts: this.#host.facts };
    const decision = next(app, seen, at);
    decided(decision);
    await carryOut(decision, { app, seen, at }, this.#ports(app, decision));
    return decision;
  }

  /** Changes the app as a person's command does. */
  async transact(transition: (app: App) => App): Promise<void> {
    const changed = transition(this.#app);
    if (changed !== this.#app) await this.#save(changed, "intent");
  }

  /** The clock was found to have jumped. */
  async coverGap(gapMs: number): Promise<void> {
    const moved = extendDeadlines(this.#app, gapMs);
    if (moved !== this.#app) await this.#save(moved, "intent");
  }

  #ports(app: App, decision: Decision): TurnPorts {
    const { store, danger, apply } = bound(this.#host);
    let deed: "decision" | "token" | "end" = decision.kind === "finish" ? "end" : "decision";
    return {
      save: (changed) => this.#save(changed, deed),
      addRecord: async (record) => {
        danger("before record");
        await store.addRecord(record);
        danger("after record");
      },
      apply: async (mutation) => {
        danger("before mutation");
        const token = await apply(mutation, app);
        danger("after mutation");
        deed = "token";
        return token;
      },
    };
  }

  async #save(app: App, deed: "decision" | "token" | "end" | "intent" | "adoption"): Promise<void> {
    this.#host.danger(`before ${deed}`);
    await this.#host.store.save(app);
    this.#host.danger(`after ${deed}`);
    this.#app = app;
  }
}

function bound(host: ControllerHost) {
  return {
    store: host.store,
    danger: (point: Danger) => host.danger(point),
    apply: (mutation: Mutation, app: App) => host.apply(mutation, app),
  };
}
