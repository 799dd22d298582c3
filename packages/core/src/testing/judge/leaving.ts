import type { Release } from "../../model/release.ts";
import type { Waypoint } from "../../model/waypoint.ts";

/** The waypoint that was left on the way forward between two saves of a release; null when none was. */
export function leftForward(before: Release, now: Release): Waypoint | null {
  const forward = before.direction === "forward" && now.direction === "forward";
  if (!forward || now.cursor !== before.cursor + 1) return null;
  return before.plan[before.cursor] ?? null;
}

/** What people have let pass in releases, as their own words have it. */
export class Passes {
  /** By release: how many intents there were when it last set out. */
  readonly #setOut = new Map<number, number>();

  /** A release was saved anew. */
  onSave(before: Release | null, now: Release | null): void {
    if (before === null || now === null || before.id !== now.id) return;
    if (before.direction === "back" && now.direction === "forward") {
      this.#setOut.set(now.id, before.intents.length);
    }
  }

  /** Whether everything may pass at that waypoint. */
  allowed({ id, intents }: Release, waypoint: string): boolean {
    return intents
      .slice(this.#setOut.get(id) ?? 0)
      .some(
        ({ kind, full, meantFor }) =>
          (kind === "promote" && full === true) ||
          (kind === "skip" && meantFor.waypoint === waypoint),
      );
  }
}
