import type { Match, MatchRule, RouteRule } from "@hitless/core";
import { type Behaviour, FakeEngine } from "@hitless/core/testing";
import type { RevisionBehaviour, Subject } from "../subject.ts";

/** Virtual time after which a condition counts as one that never holds, ms. */
const longestWaitMs = 600_000;
/** Furthest that the clock goes before the condition is looked at again, ms. */
const stepMs = 1000;

/** The fake engine with replicas that are soon ready and soon gone. */
export class QuickFake extends FakeEngine {
  constructor() {
    super({ behaviour: { startMs: 100, drainMs: 100 } });
  }
}

/** The engine in memory: its world is itself, and time passes only while something is waited for. */
export class FakeSubject implements Subject {
  readonly engine: FakeEngine;
  readonly limit = (replicas: number | null) => this.engine.setSlots(replicas);
  private readonly made = new Set<number>();
  private asked = 0;
  private ports = 9000;

  constructor(engine: FakeEngine = new QuickFake()) {
    this.engine = engine;
    // Nothing can be started of a revision before it is made.
    for (let number = 1; number < 10; number += 1) {
      this.engine.behave(number, { startError: `revision ${number} is not kept` });
    }
  }

  now(): number {
    return this.engine.now();
  }

  async revision(number: number, behaviour: RevisionBehaviour = {}): Promise<void> {
    this.made.add(number);
    this.engine.behave(number, { ...behaviourOf(behaviour), startError: null });
  }

  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = this.now() + longestWaitMs;
    while (!(await holds())) {
      if (this.now() > deadline) throw new Error(`never: ${what}`);
      const next = Math.min(this.engine.nextAt(), this.now() + stepMs);
      this.engine.runTo(Math.max(next, this.now()));
      // Those who listen are told, and look, before anything else happens.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async kill(replica: string): Promise<void> {
    if (!this.engine.kill(replica)) throw new Error(`${replica} is not ready`);
  }

  async stall(replica: string): Promise<void> {
    this.engine.stall(replica, Number.POSITIVE_INFINITY);
  }

  async recover(replica: string): Promise<void> {
    this.engine.stall(replica, 0);
  }

  async ask(headers: Readonly<Record<string, string>> = {}): Promise<string | null> {
    this.asked += 1;
    const revisions = chosenBy(this.engine.dataPlane.inForce.rule, headers, this.asked);
    const able = this.engine.replicas().filter((r) => r.routed && revisions.includes(r.revision));
    return able[this.asked % Math.max(1, able.length)]?.id ?? null;
  }

  async askAt(port: number): Promise<string | null> {
    this.asked += 1;
    const own = this.engine.replicas().find((r) => r.view(true).address === `127.0.0.1:${port}`);
    if (own !== undefined) return own.id;
    const revision = this.engine.dataPlane.previewedAt(port);
    const able = this.engine.replicas(revision ?? -1).filter((r) => r.state === "ready");
    return able[this.asked % Math.max(1, able.length)]?.id ?? null;
  }

  async freePort(): Promise<number> {
    this.ports += 1;
    return this.ports;
  }

  async occupy(port: number): Promise<() => Promise<void>> {
    this.engine.takePort(port, "process 4711");
    return async () => this.engine.freePort(port);
  }

  async hold(): Promise<void> {
    this.engine.dataPlane.hold();
  }

  async letGo(): Promise<void> {
    this.engine.dataPlane.letGo(this.now());
  }

  /** The state of the fake is in its world: a new controller finds the same object. */
  async restart(meanwhile?: () => Promise<void>): Promise<void> {
    await meanwhile?.();
    this.engine.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function behaviourOf(asked: RevisionBehaviour): Partial<Behaviour> {
  return {
    startMs: asked.readyAfterMs ?? 100,
    neverReady: asked.neverReady ?? false,
    crashAfterMs: asked.crashAfterMs ?? null,
    drainMs: asked.stopMs ?? 100,
    errorShare: asked.fails === true ? 1 : 0,
  };
}

/** The revisions that may answer the nth request with these headers. */
function chosenBy(
  rule: RouteRule,
  headers: Readonly<Record<string, string>>,
  n: number,
): readonly number[] {
  switch (rule.kind) {
    case "byReplica":
      return rule.revisions;
    case "byWeight": {
      const first = matchedBy(rule.first ?? [], headers);
      if (first !== undefined) return [first.revision];
      let below = 0;
      const point = (n * 37) % 100;
      const chosen = rule.weights.find((w) => {
        below += w.weight;
        return point < below;
      });
      return chosen === undefined ? [] : [chosen.revision];
    }
    case "byMatch":
      return [matchedBy(rule.rules, headers)?.revision ?? rule.otherwise];
  }
}

function matchedBy(
  rules: readonly MatchRule[],
  headers: Readonly<Record<string, string>>,
): MatchRule | undefined {
  const matches = (match: Match): boolean => {
    if (match.kind === "all") return match.of.every(matches);
    return match.kind === "header" && headers[match.name] === match.value;
  };
  return rules.find(({ match }) => matches(match));
}
