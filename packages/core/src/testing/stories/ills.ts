import type { App } from "../../model/app.ts";
import { type Danger, dangers, type Mishap } from "../danger.ts";
import type { EnginePart } from "../fake-engine.ts";
import type { Simulation } from "../simulate.ts";
import {
  type Blow,
  type Fault,
  isSickness,
  outsideTroubles,
  type Sickness,
  type Trouble,
} from "./faults.ts";
import type { Act } from "./story.ts";

type FaultAct = Extract<Act, { kind: "fault" }>;

/** What a lasting ill needs at its end, besides being over. */
type Cure = (simulation: Simulation) => void;

const parts: readonly EnginePart[] = [
  "replicas",
  "revisions",
  "route",
  "capacity",
  "requests",
  "counts",
];
const longestAwayMs = 120_000;
const longestDelayMs = 30_000;
const longestDoubleMs = 3000;
/** An instant is still felt for so many steps. */
const aftermath = 3;

/** All that ails a simulated app, while it does. */
export class Ills {
  readonly #lasting = new Map<Fault, Cure>();
  readonly #deaths = new Map<Danger, number>();
  readonly #felt = new Map<Fault, number>();
  /** What each revision's replicas need to start when they are well, ms. */
  readonly #startMs: number;
  #awayMs = 0;
  #killed = 0;
  #step = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Faults that are in effect, or were an instant ago. */
  *felt(): Iterable<Fault> {
    for (const fault of this.#lasting.keys()) if (!outsideTroubles.has(fault)) yield fault;
    for (const [fault, until] of this.#felt) {
      if (until >= this.#step) yield fault;
      else this.#felt.delete(fault);
    }
  }

  /** How often the controller was killed. */
  get killed(): number {
    return this.#killed;
  }

  step(): void {
    this.#step += 1;
  }

  awayMs(): number {
    return this.#awayMs;
  }

  deliveries(): number {
    return this.#lasting.has("applied twice") ? 2 : 1;
  }

  /** Whether that is so outside engine and controller; it is felt where it is asked. */
  outside(trouble: Trouble): boolean {
    const ails = this.#lasting.has(trouble);
    if (ails) this.#feel(trouble);
    return ails;
  }

  /** What becomes of the controller there. */
  mishap(danger: Danger): Mishap | null {
    const awayMs = this.#deaths.get(danger);
    if (awayMs !== undefined) {
      this.#deaths.delete(danger);
      this.#feel(`killed ${danger}`);
      this.#killed += 1;
      this.#awayMs = awayMs;
      return "killed";
    }
    const saves = !danger.endsWith("mutation");
    const full = this.#lasting.has("disk full") && saves && danger.startsWith("before");
    const doubted = this.#lasting.has("saved, said failed") && saves && danger.startsWith("after");
    const unheard = this.#lasting.has("answers lost") && danger === "after mutation";
    return full || doubted || unheard ? "failed" : null;
  }

  /** Begins one; a lasting one ends by itself after its time. */
  async begin(act: FaultAct, simulation: Simulation): Promise<void> {
    const { fault, ms } = act;
    const danger = dangers.find((each) => fault === `killed ${each}`);
    if (danger !== undefined) {
      this.#deaths.set(danger, Math.min(ms, longestAwayMs));
      return;
    }
    if (this.#lasting.has(fault)) return;
    const cure = await this.#strike(act, simulation);
    if (cure === null) {
      this.#feel(fault);
      return;
    }
    this.#lasting.set(fault, cure);
    const lastsMs = fault === "two controllers" ? Math.min(ms, longestDoubleMs) : ms;
    const over = simulation.engine.elapsed + lastsMs;
    if (Number.isSafeInteger(over)) {
      simulation.expect({ when: over, world: () => this.#end(fault, simulation) });
    }
  }

  /** Everything is well again. */
  cureAll(simulation: Simulation): void {
    this.#deaths.clear();
    for (const fault of [...this.#lasting.keys()]) this.#end(fault, simulation);
    simulation.engine.setSlots(null);
    for (const revision of simulation.engine.levels().keys()) simulation.engine.heal(revision);
  }

  #feel(fault: Fault): void {
    this.#felt.set(fault, this.#step + aftermath);
  }

  #end(fault: Fault, simulation: Simulation): void {
    const cure = this.#lasting.get(fault);
    this.#lasting.delete(fault);
    cure?.(simulation);
  }

  async #strike(act: FaultAct, simulation: Simulation): Promise<Cure | null> {
    const { fault } = act;
    if (isSickness(fault)) return this.#sicken(fault, act, simulation);
    return afflict(fault, act.ms, simulation);
  }

  #sicken(fault: Sickness, act: FaultAct, { app, engine }: Simulation): Cure {
    const revision = sickRevision(app, act.side);
    const startMs = this.#startMs;
    switch (fault) {
      case "never ready":
        engine.behave(revision, { neverReady: true });
        break;
      case "dies":
        engine.kill(revision);
        if (act.ms > 60_000) engine.behave(revision, { crashAfterMs: 3000 });
        break;
      case "hangs": {
        const victim = engine.replicas(revision).find((r) => r.state === "ready");
        if (victim !== undefined) engine.stall(victim.id, Number.POSITIVE_INFINITY);
        break;
      }
      case "slow":
        engine.behave(revision, { startMs: startMs + 45_000 });
        return () => engine.behave(revision, { startMs });
      case "flaps":
        engine.behave(revision, { flapMs: 4000 });
        break;
      case "answers badly":
        engine.behave(revision, { errorShare: 0.2 });
        break;
      case "answers late":
        engine.behave(revision, { latencyMs: 3000 });
        break;
      case "probe lies":
        engine.behave(revision, { liesForMs: 6000 });
        break;
    }
    return () => engine.heal(revision);
  }
}

function sickRevision({ release, stable }: App, side: FaultAct["side"]): number {
  const canary = release?.to ?? stable;
  const revision = side === "canary" ? canary : (release?.from ?? stable ?? canary);
  return revision ?? 1;
}

/** What is wrong with everything but the replicas; null when it is over in an instant. */
async function afflict(
  fault: Exclude<Fault, Sickness | `killed ${Danger}`> | Trouble | Blow | Fault,
  ms: number,
  simulation: Simulation,
): Promise<Cure | null> {
  const { engine } = simulation;
  switch (fault) {
    case "applied late":
      engine.delayEffects(Math.min(ms, longestDelayMs));
      return () => engine.delayEffects(0);
    case "view stale":
      engine.freeze();
      return () => engine.thaw();
    case "view partial": {
      const part = parts[ms % parts.length] ?? "replicas";
      engine.hide(part, "it does not answer");
      return () => engine.reveal(part);
    }
    case "view unknown":
      for (const part of parts) engine.hide(part, "nobody answers");
      return () => {
        for (const part of parts) engine.reveal(part);
      };
    case "barrier delayed":
      engine.dataPlane.hold();
      return () => engine.dataPlane.letGo(engine.elapsed);
    case "two controllers":
      if (!simulation.controlled) return null;
      engine.contended = true;
      await simulation.double();
      return () => simulation.undouble();
    case "clock forward":
    case "clock back":
      simulation.jumpClock(fault === "clock back" ? -ms : ms);
      return null;
    case "counted anew":
      engine.dataPlane.countAnew();
      return null;
    case "killed idle":
      simulation.kill(Math.min(ms, longestAwayMs));
      return null;
    default:
      // The rest lasts, and `mishap` and `deliveries` do it.
      return () => {};
  }
}
