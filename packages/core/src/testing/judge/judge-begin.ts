import type { App, PendingRelease } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { Release } from "../../model/release.ts";
import type { Why } from "../../model/why.ts";
import { isOpen, type Moment, opensAfter } from "./open-times.ts";

/** What even what may begin waits for: nobody knows what is so, or the last order is under way. */
const unsure = new Set<Why["kind"]>(["unobservable", "stale", "routeBarrier", "unrouting"]);

/** Watches when releases begin: in time, and while nobody has said that none may. */
export class BeginJudge {
  readonly #moment: () => Moment;
  /** Releases that somebody let begin at any time. */
  readonly #anytime = new Set<number>();

  constructor(moment: () => Moment) {
    this.#moment = moment;
  }

  /** Somebody says that what waits, or what has just begun, may begin at any time. */
  onAnytime({ release, pending }: App): void {
    const id = pending?.id ?? release?.id;
    if (id !== undefined) this.#anytime.add(id);
  }

  /** An app was saved. */
  onSave(before: App | null, app: App): readonly string[] {
    const begun = app.release?.id === before?.release?.id ? null : app.release;
    return begun === null ? [] : this.#tooSoon(app, begun);
  }

  /** A decision was made, and not carried out yet. */
  onDecision(app: App, decision: Decision): readonly string[] {
    return [...thawed(app, decision), ...this.#heldBack(app, decision)];
  }

  #heldBack(app: App, decision: Decision): readonly string[] {
    const { release, pending } = app;
    const { why } = decision;
    const waits = why.kind === "windowClosed" || why.kind === "frozen";
    if (release !== null || pending === null) {
      return waits ? [`begin: ${why.kind} is said, and nothing waits to begin`] : [];
    }
    if (decision.kind === "steady") return [`begin: release ${pending.id} waits and all is steady`];
    if (decision.kind !== "wait") return forgotten(app, pending, decision);
    const held = this.#heldBy(app, pending);
    if (held === null) {
      return unsure.has(why.kind)
        ? []
        : [`begin: release ${pending.id} may begin, and ${why.kind} holds it`];
    }
    if (!waits) return [];
    const same = JSON.stringify(held) === JSON.stringify(factsOf(why));
    return same ? [] : [`begin: ${JSON.stringify(why)} is said, and ${JSON.stringify(held)} is so`];
  }

  #tooSoon(app: App, { id, kind, from }: Release): readonly string[] {
    if (kind === "rollback") return [];
    if (app.frozen !== null) return [`begin: ${kind} ${id} begins while frozen`];
    if (kind === "restart" || from === null || this.#anytime.has(id)) return [];
    const at = this.#moment();
    return isOpen(app.settings.windows ?? [], at)
      ? []
      : [`begin: release ${id} begins outside its windows, at ${new Date(at.now).toISOString()}`];
  }

  /** What keeps it from beginning; null when it may. */
  #heldBy({ frozen, stable, settings }: App, pending: PendingRelease): object | null {
    if (pending.kind === "rollback") return null;
    if (frozen !== null) return { kind: "frozen", release: pending.id };
    if (pending.kind === "restart" || pending.anytime === true || stable === null) return null;
    const { windows = [] } = settings;
    const at = this.#moment();
    if (isOpen(windows, at)) return null;
    return { kind: "windowClosed", release: pending.id, opensAt: opensAfter(windows, at.now) };
  }
}

/** A freeze is laid on and lifted by people alone. */
function thawed({ frozen }: App, decision: Decision): readonly string[] {
  const kept = !("app" in decision) || decision.app.frozen === frozen;
  return kept ? [] : [`begin: ${decision.kind} changes a freeze`];
}

/** Somebody says that none may begin, or that they may again: `after` is what came of it. */
export function unheard(said: "freeze" | "unfreeze", after: App): readonly string[] {
  const frozen = after.frozen !== null;
  return frozen === (said === "freeze") ? [] : [`begin: after ${said} frozen is ${frozen}`];
}

/** What can be compared of what is said. */
function factsOf(why: Extract<Why, { kind: "windowClosed" | "frozen" }>): object {
  const { kind, release } = why;
  return why.kind === "frozen" ? { kind, release } : { kind, release, opensAt: why.opensAt };
}

/** Who waits goes on waiting until it begins, or until there is nothing to do. */
function forgotten(
  { stable }: App,
  { id, to }: PendingRelease,
  { app: { pending, release } }: Exclude<Decision, { kind: "wait" | "steady" }>,
): readonly string[] {
  if (pending?.id === id || release?.id === id || to === stable) return [];
  return [`begin: release ${id} waited and is forgotten`];
}

/** No release and no restart is accepted while frozen. */
export function acceptedFrozen(before: App, after: App): readonly string[] {
  return before.frozen !== null && after.releases > before.releases
    ? [`begin: release ${after.releases} is accepted while frozen`]
    : [];
}

/** A restart goes by who waits, and takes nobody's place. */
export function displaced(before: App, after: App): readonly string[] {
  const id = before.pending?.id;
  const begun = before.release === null && after.release !== null;
  return !begun || id === undefined || after.pending?.id === id
    ? []
    : [`begin: release ${id} waited and is forgotten for a restart`];
}

/** The app as it would be without windows, and, where that is meant, without a freeze. */
export function unbound(app: App, frozenToo: boolean): App {
  const { windows: _any, ...settings } = app.settings;
  return { ...app, settings, frozen: frozenToo ? null : app.frozen };
}

/** What heeds neither comes to the same in an app with them and in one without. */
export function heeded(app: App, free: App, answer: (app: App) => App): readonly string[] {
  const [so, otherwise] = [outcomeOf(answer(app)), outcomeOf(answer(free))];
  return so === otherwise ? [] : [`begin: it comes to ${so}, and without windows to ${otherwise}`];
}

/** What became of an answer, whatever the settings are. */
function outcomeOf({ release, pending }: App): string {
  const moves = release && {
    id: release.id,
    kind: release.kind,
    to: release.to,
    direction: release.direction,
    paused: release.paused !== null,
    waived: release.waived,
  };
  return JSON.stringify({ moves, pending });
}
