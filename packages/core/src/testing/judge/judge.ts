import { HitlessError } from "../../errors.ts";
import type { App } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { Release, ReleaseRecord } from "../../model/release.ts";
import type { Strategy } from "../../model/strategy.ts";
import { applyIntent } from "../../reconciler/intents.ts";
import { standOf } from "../../reconciler/meant-for.ts";
import type { FakeEngine } from "../fake-engine.ts";
import type { Truth } from "../truth.ts";
import { shareOf } from "./judge-mutation.ts";
import { falseIn } from "./judge-why.ts";

/** Reasons that the world gives, not the version that is left: even a way back waits for them. */
const barriers = new Set(["unobservable", "stale", "routeBarrier", "unrouting"]);

/**
 * Watches one run and says what is not as it must be. It knows the app only by what was saved,
 * and the world only by the truth.
 */
export class Judge {
  readonly #strategies = new Map<number, Strategy>();
  readonly #rows = new Map<number, ReleaseRecord>();
  #saved: App | null = null;
  #before: App | null = null;

  /** The strategy that the release under way was made with. */
  strategyOf(app: App): Strategy {
    return this.#strategies.get(app.release?.id ?? 0) ?? app.settings.strategy;
  }

  /** An app was saved. */
  onSave(app: App): readonly string[] {
    const before = this.#saved?.release ?? null;
    this.#before = this.#saved;
    this.#saved = app;
    if (app.release !== null && !this.#strategies.has(app.release.id)) {
      this.#strategies.set(app.release.id, app.settings.strategy);
    }
    if (before === null || app.release?.id === before.id) return changed(before, app.release);
    return this.#onEnd(before, app);
  }

  /** The last save was said to have failed: the controller goes on from what was there before. */
  onDoubt(): void {
    const undone = this.#saved?.release?.id;
    // Another release may get its number, and another strategy.
    if (undone !== undefined && undone !== this.#before?.release?.id) {
      this.#strategies.delete(undone);
    }
    this.#saved = this.#before;
  }

  /** A controller begins with what is there. */
  onLoad(app: App): void {
    this.#saved = app;
  }

  /** A row of the history was added. */
  onRecord(record: ReleaseRecord): void {
    this.#rows.set(record.id, record);
  }

  /** A decision was made, and not carried out yet. */
  onDecision(app: App, decision: Decision, at: { truth: Truth; engine: FakeEngine }) {
    const { release } = app;
    const found: string[] = [];
    if (decision.kind !== "wait") {
      return release?.direction === "forward" ? wayOut(app, release) : found;
    }
    const lie = falseIn(decision.why, { app, ...at });
    if (lie !== null) found.push(lie);
    if (release?.direction === "back" && !at.engine.blurred) {
      found.push(...late(app, release, { decision, truth: at.truth }));
    }
    return found;
  }

  #onEnd(ended: Release, app: App): readonly string[] {
    const row = this.#rows.get(ended.id);
    if (row === undefined) return [`history: release ${ended.id} ended without a row`];
    const there = ended.direction === "forward" ? ended.to : ended.from;
    const succeeded = row.outcome === "succeeded";
    const found: string[] = [];
    if (succeeded !== (ended.direction === "forward")) {
      found.push(
        `history: release ${ended.id} went ${ended.direction}, its row says ${row.outcome}`,
      );
    }
    if (app.stable !== there) found.push(`history: ${app.stable} is stable, not ${there}`);
    if (row.to !== ended.to) found.push(`truth 7: ${row.to} was promoted, not ${ended.to}`);
    return found;
  }
}

/** The invariants that hold at every instant, whoever acted. */
export function brokenAfter(app: App, truth: Truth): readonly string[] {
  const found: string[] = [];
  let inMotion = 0;
  for (const [revision, level] of truth.levels) {
    if (level > 0 && !app.kept.some((k) => k.revision === revision)) inMotion += 1;
  }
  if (inMotion > 2) found.push(`truth 8: ${inMotion} revisions have replicas`);
  if (app.release === null && inMotion > 1) found.push("truth 8: two levels and no release");
  return found;
}

/**
 * Whether a rule can hold once two controllers have acted. Pace, weights, barriers, reasons, history
 * and an orderly end cannot: each orders by what it alone remembers and saves over what the other has
 * saved, one may even collect what the other releases. That is why a store has a lock. What nobody
 * could undo must hold all the same.
 */
export function holdsForTwo(broken: string): boolean {
  return broken.startsWith("truth 3") || broken.startsWith("truth 6");
}

/** What a release is for never changes. */
function changed(before: Release | null, now: Release | null): readonly string[] {
  if (before === null || now === null) return [];
  const same = before.to === now.to && before.from === now.from;
  return same ? [] : [`truth 7: release ${now.id} was to ${before.to} and is to ${now.to}`];
}

/** Abort is reachable from every state before `contract`, and from none after it. */
function wayOut(app: App, release: Release): readonly string[] {
  try {
    const meantFor = standOf(release);
    applyIntent(app, { kind: "abort", by: "judge", at: release.enteredAt, meantFor });
    return release.contracted ? ["truth 6: abort is accepted after contract"] : [];
  } catch (thrown) {
    if (!(thrown instanceof HitlessError) || thrown.code !== "REFUSED") throw thrown;
    return release.contracted ? [] : [`truth 5: abort is refused: ${thrown.message}`];
  }
}

/** A way back needs enough of stable, and nothing of what it leaves. */
function late(
  app: App,
  release: Release,
  at: { readonly decision: Decision; readonly truth: Truth },
): readonly string[] {
  const { why } = at.decision;
  if ("revision" in why && why.revision === release.to && why.kind !== "steady") {
    return [`truth 5: the way back waits for revision ${release.to}, which it leaves`];
  }
  if (release.from === null || barriers.has(why.kind)) return [];
  const enough = Math.max(1, app.desired.replicas - 1);
  const there = at.truth.availableOf.get(release.from) ?? 0;
  const share = shareOf(at.truth.accepted.rule, release.to) ?? 0;
  return there >= enough && share > 0
    ? [
        `truth 5: ${there} of ${enough} stable replicas are there, and ${why.kind} holds the way back`,
      ]
    : [];
}
