import { HitlessError } from "../../errors.ts";
import type { App } from "../../model/app.ts";
import type { Decision } from "../../model/decision.ts";
import type { Mutation } from "../../model/mutation.ts";
import type { Observation, Observed } from "../../model/observed.ts";
import type { Release, ReleaseRecord } from "../../model/release.ts";
import { routedRevisions } from "../../model/route.ts";
import type { Strategy } from "../../model/strategy.ts";
import { applyIntent } from "../../reconciler/intents.ts";
import { standOf } from "../../reconciler/meant-for.ts";
import type { Truth } from "../truth.ts";
import { AnalysisJudge } from "./judge-analysis.ts";
import { BeginJudge } from "./judge-begin.ts";
import { type Ended, HookJudge } from "./judge-hooks.ts";
import { shareOf } from "./judge-mutation.ts";
import { RecordJudge } from "./judge-record.ts";
import { crowd, overdue, warmBroken } from "./judge-warm.ts";
import { falseIn, type WhySource } from "./judge-why.ts";
import { Passes } from "./leaving.ts";

/** What is so beside what was saved. */
export interface Witnessed {
  readonly ended: Ended;
  /** What the wall clock says. */
  now(): number;
  /** Requests per second that the app gets. */
  rate(): number;
  /** Requests that a revision has got so far. */
  requestsOf(revision: number): number;
}

/** What only a way out may wait for while it gives requests to the new side. */
const ofTheWayOut = new Set(["hookRunning", "held", "holdUndecided", "migrating"]);

/** Reasons that the world gives, not the version that is left: even a way back waits for them. */
const barriers = new Set(["unobservable", "stale", "routeBarrier", "unrouting"]);

/**
 * Watches one run and says what is not as it must be. It knows the app only by what was saved,
 * and the world only by the truth.
 */
export class Judge {
  readonly #strategies = new Map<number, Strategy>();
  readonly #rows = new Map<number, ReleaseRecord>();
  readonly #witnessed: Witnessed;
  readonly #passes = new Passes();
  readonly #analysis = new AnalysisJudge(this.#passes);
  readonly #hooks: HookJudge;
  readonly #record = new RecordJudge();
  /** When releases begin: it also hears what people ask for. */
  readonly begin: BeginJudge;
  #saved: App | null = null;
  #before: App | null = null;

  constructor(witnessed: Witnessed) {
    this.#witnessed = witnessed;
    this.#hooks = new HookJudge(witnessed.ended, this.#passes);
    this.begin = new BeginJudge(() => ({ now: witnessed.now(), rate: witnessed.rate() }));
  }

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
    this.#record.onSave(before, app.release);
    this.#passes.onSave(before, app.release);
    const { now, requestsOf } = this.#witnessed;
    const requests = app.release === null ? 0 : requestsOf(app.release.to);
    const found = [
      ...this.#hooks.onSave(before, app.release),
      ...warmBroken(this.#before, app, now()),
      ...this.#analysis.onSave(before, app.release, requests),
      ...this.begin.onSave(this.#before, app),
      ...changed(before, app.release),
    ];
    const over = before !== null && app.release?.id !== before.id;
    return over ? [...found, ...this.#onEnd(before, app)] : found;
  }

  /** A controller has looked. */
  onLook(app: App, wanted: readonly Observation[], seen: Observed): void {
    this.#analysis.onLook(app, wanted, { seen, now: this.#witnessed.now() });
  }

  /** A hook is begun. */
  onHook(mutation: Extract<Mutation, { kind: "hook" }>, app: App): readonly string[] {
    return this.#hooks.onBegin(mutation, app, this.#saved);
  }

  /** Somebody goes back without saying where to. */
  onTarget(app: App, target: number | null): readonly string[] {
    return this.#record.onTarget(app, target);
  }

  /** The last save was said to have failed: the controller goes on from what was there before. */
  onDoubt(): void {
    this.#record.onDoubt();
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
  onRecord(record: ReleaseRecord): readonly string[] {
    this.#rows.set(record.id, record);
    return this.#record.onRecord(record);
  }

  /** A decision was made, and not carried out yet. */
  onDecision(app: App, decision: Decision, at: Omit<WhySource, "app">): readonly string[] {
    const { release } = app;
    const begins = this.begin.onDecision(app, decision);
    if (decision.kind === "steady") {
      return [...begins, ...atRest(app, at.truth, this.#witnessed.now())];
    }
    if (decision.kind !== "wait") {
      return [...begins, ...(release?.direction === "forward" ? wayOut(app, release) : [])];
    }
    const found = [...begins, ...this.#analysis.onDecision(app, decision)];
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
  return [...found, ...crowd(app, truth)];
}

/** Nothing of a release that is over is left. */
function atRest(app: App, { accepted, inForce }: Truth, now: number): readonly string[] {
  const open = [accepted, inForce].filter(({ preview }) => preview !== undefined);
  return [
    ...overdue(app, now),
    ...open.map(({ preview }) => `preview: port ${preview?.port} is open with no release`),
  ];
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
  const served = routedRevisions(at.truth.accepted.rule).includes(release.to);
  if (ofTheWayOut.has(why.kind) && served && (at.truth.liveOf.get(release.to) ?? 0) > 0) {
    return [`truth 5: ${why.kind} holds the way back from revision ${release.to}`];
  }
  const enough = Math.max(1, app.desired.replicas - 1);
  const there = at.truth.availableOf.get(release.from) ?? 0;
  const share = shareOf(at.truth.accepted.rule, release.to) ?? 0;
  return there >= enough && share > 0
    ? [
        `truth 5: ${there} of ${enough} stable replicas are there, and ${why.kind} holds the way back`,
      ]
    : [];
}
