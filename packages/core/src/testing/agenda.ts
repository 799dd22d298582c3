import type { SimEvent } from "./scenario.ts";
import type { Simulation } from "./simulate.ts";

/** What will still happen in a simulation. */
export class Agenda {
  readonly #waiting: Set<SimEvent>;

  constructor(events: readonly SimEvent[]) {
    this.#waiting = new Set(events);
  }

  add(event: SimEvent): void {
    this.#waiting.add(event);
  }

  done(event: SimEvent): void {
    this.#waiting.delete(event);
  }

  /** What has come due, as asked for when its turn comes: one event may bring another about. */
  *due(simulation: Simulation): Iterable<SimEvent> {
    for (const event of this.#waiting) if (isDue(event, simulation)) yield event;
  }

  /** When the next event is due that will come for sure, after that instant; Infinity: none will. */
  awaited(after: number): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const { when } of this.#waiting) {
      // What is due and waits for a controller comes with it.
      if (typeof when === "number" && when > after && when < soonest) soonest = when;
    }
    return soonest;
  }
}

function isDue({ when }: SimEvent, simulation: Simulation): boolean {
  return typeof when === "number" ? simulation.engine.elapsed >= when : when(simulation);
}
