import {
  type Already,
  type App,
  alreadySo,
  applyIntent,
  changeSettings,
  droppedBetween,
  HitlessError,
  type IntentKind,
  type MeantFor,
  type PendingRelease,
  parseAppFile,
  previousRevision,
  type ReleaseRequest,
  type ReleaseStore,
  type Revision,
  requestRelease,
  requestRollback,
  type SecretSource,
  type Settings,
  setReplicas,
} from "@hitless/core";
import type { Change, Controller } from "../loop/controller.ts";
import { type RevisionMaker, sameContent } from "../revisions/revision-maker.ts";
import type { ReleaseBody } from "./server.ts";

/** What a change that was accepted will do. */
export interface Accepted extends Circumstances {
  /** `nothing`: already so · `settings`: applied without a revision · `started` · `queued` · `noted`: an intent. */
  readonly kind: "nothing" | "settings" | "started" | "queued" | "noted";
  /** The release that a waiting client should follow; null when there is none to follow. */
  readonly release: number | null;
  readonly revision: number | null;
}

/** What else the asker has to know. */
interface Circumstances {
  /** What was asked was so already, by somebody else's doing; null when this brings it about. */
  readonly already: Already | null;
  /** The release that had its place in the queue and never begins, because of this. */
  readonly dropped: PendingRelease | null;
  /** The release that is in the queue now, this one or another. */
  readonly queued: PendingRelease | null;
}

/** What a person asks of the release that they saw. */
export interface IntentBody {
  readonly kind: IntentKind;
  readonly by: string;
  readonly meantFor: MeantFor;
}

/** `to` null: the revision before. */
export interface RollbackBody extends Omit<IntentBody, "kind"> {
  readonly to: number | null;
}

export interface OperationsOptions {
  readonly controller: Controller;
  readonly store: ReleaseStore;
  readonly maker: RevisionMaker;
  /** Where replicas get their secrets: a release that names others is refused. */
  readonly secrets: SecretSource;
}

/** Everything that can be asked of an app. Each call persists before it returns. */
export class Operations {
  private readonly options: OperationsOptions;
  /** Releases are made one after the other, so that two cannot take one revision number. */
  private making: Promise<unknown> = Promise.resolve();

  constructor(options: OperationsOptions) {
    this.options = options;
  }

  /** A release from the app file. Nothing to do when content and settings are what they were. */
  release(body: ReleaseBody): Promise<Accepted> {
    return this.oneByOne(() => this.makeRelease(body));
  }

  /** A new revision with the stable one's content: fresh processes, nothing else. */
  restart(body: { readonly by: string }): Promise<Accepted> {
    return this.oneByOne(async () => {
      const { release, pending } = this.options.controller.current;
      if (release !== null) throw restartWhileBusy(release.id);
      if (pending !== null) throw restartWhileBusy(pending.id);
      const stable = await this.stableRevision();
      const cause = `restart by ${body.by}`;
      const revision = await this.options.maker.again(stable, cause);
      return this.request(
        { to: revision.number, kind: "restart", cause },
        { by: body.by, busy: "queue" },
      );
    });
  }

  /** Back to an earlier revision under its old number; without one, to the one before. */
  async rollback(body: RollbackBody): Promise<Accepted> {
    const { by, meantFor } = body;
    let to = 0;
    let already: Already | null = null;
    const change = await this.options.controller.transact(async (app, past) => {
      to = body.to ?? rollbackTarget(app);
      await this.mustBeKept(to);
      already = alreadySo(app, "rollback");
      const now = Date.now();
      const cause = `rollback by ${by}`;
      const request: ReleaseRequest = { to, kind: "rollback", cause, requestedAt: now };
      return requestRollback(app, request, { now, by, meantFor, past });
    }, `rollback by ${by}`);
    return accepted(change, { already, ...followed(change, to) });
  }

  /** Sets the number of replicas until the file's own number changes. */
  async scale(body: { readonly replicas: number; readonly by: string }): Promise<Accepted> {
    const said = `scale to ${body.replicas} by ${body.by}`;
    const { controller } = this.options;
    const change = await controller.transact((app) => setReplicas(app, body.replicas), said);
    return accepted(change, { kind: "settings", release: null, revision: null });
  }

  async intent(body: IntentBody): Promise<Accepted> {
    let already: Already | null = null;
    const change = await this.options.controller.transact((app, past) => {
      already = alreadySo(app, body.kind);
      return applyIntent(app, { ...body, at: Date.now() }, past);
    }, `${body.kind} by ${body.by}`);
    const { release } = change.after;
    const which = { release: release?.id ?? null, revision: release?.to ?? null };
    return accepted(change, { kind: "noted", already, ...which });
  }

  private async makeRelease(body: ReleaseBody): Promise<Accepted> {
    const { controller, maker } = this.options;
    const parsed = parseAppFile(body.raw);
    if (parsed.kind === "problems") {
      const [first] = parsed.problems;
      throw new HitlessError("BAD_INPUT", first?.message ?? "the app file is wrong", {
        path: first?.path ?? [],
      });
    }
    const { spec } = parsed;
    const app = controller.current;
    if (spec.name !== app.name) {
      throw new HitlessError(
        "REFUSED",
        `this controller runs ${app.name}, the file says ${spec.name}`,
        {
          next: "Give the other app a folder of its own.",
          path: ["name"],
        },
      );
    }
    refuseStale(app, body.overridesBefore);
    refuseMove(app, spec.settings);
    if (body.busy === "reject" && app.release !== null) throw busy(app.release.id);
    await this.secretsAreThere(spec.content.secrets);
    const content = await maker.contentOf(spec, body);
    const settings = (a: App) => ({
      ...changeSettings(a, spec.settings),
      overrides: body.overrides,
    });
    const same = await this.revisionToKeep(app, maker.digestOf(content));
    if (same !== null) {
      const release = releaseTo(app, same);
      if (settingsOf(settings(app)) === settingsOf(app)) {
        const none = { before: app, after: app };
        return accepted(none, { kind: "nothing", release, revision: same });
      }
      const change = await controller.transact((a) => settings(a), `settings by ${body.by}`);
      return accepted(change, { kind: "settings", release, revision: same });
    }
    const revision = await maker.make(content, body.cause);
    const request = { to: revision.number, kind: "release", cause: body.cause } as const;
    return this.request(request, body, settings);
  }

  private async secretsAreThere(names: readonly string[]): Promise<void> {
    for (const [index, name] of names.entries()) {
      if ((await this.options.secrets.read(name)) !== undefined) continue;
      throw new HitlessError("SECRET_MISSING", `secret ${name} has no value in the controller`, {
        path: ["secrets", index],
        next: `Start it again with ${name} in its environment: \`hitless up --detach --take-over\`.`,
      });
    }
  }

  /** The revision that a release with this digest would only repeat; null when it changes something. */
  private async revisionToKeep(app: App, digest: string): Promise<number | null> {
    const heading = app.pending?.to ?? headingFor(app);
    if (heading === null) return null;
    const revision = await this.options.store.revision(heading);
    return revision !== null && sameContent(revision, digest) ? heading : null;
  }

  private async request(
    request: Omit<ReleaseRequest, "requestedAt">,
    at: Pick<ReleaseBody, "by" | "busy">,
    also: (app: App) => App = (app) => app,
  ): Promise<Accepted> {
    const now = Date.now();
    const change = await this.options.controller.transact(
      (app) => requestRelease(also(app), { ...request, requestedAt: now }, { now, ...at }),
      `${request.kind} of revision ${request.to} by ${at.by}`,
    );
    await this.forget(change);
    return accepted(change, followed(change, request.to));
  }

  /** A release that lost its place in the queue never began: its revision is nobody's. */
  private async forget({ before, after }: Change): Promise<void> {
    const dropped = droppedBetween(before, after);
    if (dropped === null || dropped.kind === "rollback") return;
    const { to } = dropped;
    if (after.pending?.to === to || after.release?.to === to || after.served.includes(to)) return;
    await this.options.store.removeRevision(to);
  }

  private async stableRevision(): Promise<Revision> {
    const { controller, store } = this.options;
    const { stable, name } = controller.current;
    const revision = stable === null ? null : await store.revision(stable);
    if (revision === null)
      throw new HitlessError("REFUSED", `${name} has no stable revision to restart`);
    return revision;
  }

  private async mustBeKept(to: number): Promise<void> {
    const { store } = this.options;
    if ((await store.revision(to)) !== null) return;
    const kept = (await store.revisions()).join(", ");
    throw new HitlessError("UNKNOWN_REVISION", `revision ${to} is not kept`, {
      next: `Kept are: ${kept}.`,
    });
  }

  private oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.making.then(work);
    this.making = done.catch(() => undefined);
    return done;
  }
}

/** The release, running or waiting, that moves the app to this revision; null when none does. */
function releaseTo(app: App, revision: number): number | null {
  if (app.pending?.to === revision) return app.pending.id;
  return app.release?.to === revision ? app.release.id : null;
}

/** What a change of settings alone can change, to compare. */
function settingsOf(app: App): string {
  return JSON.stringify([app.settings, app.desired, app.overrides]);
}

function headingFor(app: App): number | null {
  if (app.release === null) return app.stable;
  return app.release.direction === "forward" ? app.release.to : app.release.from;
}

/** Two `--set` at once: the later one must not silently undo the earlier. */
function refuseStale(app: App, seen: Readonly<Record<string, string>>): void {
  if (JSON.stringify(seen) === JSON.stringify(app.overrides)) return;
  throw new HitlessError("REFUSED", "somebody else changed the values over the file meanwhile", {
    next: "See `hitless status`, then say it again.",
  });
}

/** The listening socket outlives releases: it moves only when everything is stopped. */
function refuseMove(app: App, settings: Settings): void {
  for (const key of ["host", "port"] as const) {
    if (settings[key] === app.settings[key]) continue;
    throw new HitlessError(
      "REFUSED",
      `${key} is ${settings[key]}, but ${app.name} runs on ${app.settings[key]}`,
      {
        next: "Say `hitless down`, then `hitless up`: that is downtime.",
        path: [key],
      },
    );
  }
}

/** Queued, it would bring back what the running release has just replaced. */
function restartWhileBusy(release: number): HitlessError {
  return new HitlessError("REFUSED", `release ${release} is under way and replaces every process`, {
    next: "Wait until it has ended, then restart if that is still needed.",
  });
}

function busy(release: number): HitlessError {
  return new HitlessError("REFUSED", `release ${release} is under way`, {
    next: "Wait for it, or say --if-busy queue or --if-busy replace.",
  });
}

/** What a release to this revision has become. */
function followed({ after }: Change, to: number): Followed {
  if (after.pending?.to === to) return { kind: "queued", release: after.pending.id, revision: to };
  const { release } = after;
  if (release === null) return { kind: "nothing", release: null, revision: to };
  return { kind: "started", release: release.id, revision: to };
}

type Followed = Pick<Accepted, "kind" | "release" | "revision">;

function accepted(
  { before, after }: Change,
  answer: Followed & { readonly already?: Already | null },
): Accepted {
  const dropped = droppedBetween(before, after);
  return { already: null, ...answer, dropped, queued: after.pending };
}

function rollbackTarget(app: App): number {
  if (app.release?.from) return app.release.from;
  const previous = previousRevision(app);
  if (previous !== null) return previous;
  throw new HitlessError("REFUSED", `no earlier revision of ${app.name} has served`, {
    next: "See `hitless history`.",
  });
}
