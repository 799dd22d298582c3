import {
  type App,
  applyIntent,
  changeSettings,
  HitlessError,
  type IntentKind,
  type PendingRelease,
  parseAppFile,
  previousRevision,
  type ReleaseStore,
  type Revision,
  requestRelease,
  requestRollback,
  type SecretSource,
  type Settings,
  setReplicas,
} from "@hitless/core";
import type { Controller } from "../loop/controller.ts";
import { type RevisionMaker, sameContent } from "../revisions/revision-maker.ts";
import type { ReleaseBody } from "./server.ts";

/** What a change that was accepted will do. */
export interface Accepted {
  /** `nothing`: already so · `settings`: applied without a revision · `started` · `queued` · `noted`: an intent. */
  readonly kind: "nothing" | "settings" | "started" | "queued" | "noted";
  /** The release that a waiting client should follow; null when there is none to follow. */
  readonly release: number | null;
  readonly revision: number | null;
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
      const { release, pending, releases } = this.options.controller.current;
      if (release !== null) throw restartWhileBusy(release.id);
      if (pending !== null) throw restartWhileBusy(releases + 1);
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
  async rollback(body: { readonly to: number | null; readonly by: string }): Promise<Accepted> {
    const { controller, store } = this.options;
    const to = body.to ?? this.rollbackTarget(controller.current);
    if ((await store.revision(to)) === null) throw await this.unknownRevision(to);
    const app = controller.current;
    if (app.release === null && app.stable === to)
      return { kind: "nothing", release: null, revision: to };
    const request: PendingRelease = {
      to,
      kind: "rollback",
      cause: `rollback by ${body.by}`,
      requestedAt: Date.now(),
    };
    const at = { now: Date.now(), by: body.by };
    const after = await controller.transact(
      (a) => requestRollback(a, request, at),
      `rollback to revision ${to} by ${body.by}`,
    );
    return followed(after, to);
  }

  /** Sets the number of replicas until the file's own number changes. */
  async scale(body: { readonly replicas: number; readonly by: string }): Promise<Accepted> {
    const said = `scale to ${body.replicas} by ${body.by}`;
    await this.options.controller.transact((app) => setReplicas(app, body.replicas), said);
    return { kind: "settings", release: null, revision: null };
  }

  async intent(body: { readonly kind: IntentKind; readonly by: string }): Promise<Accepted> {
    const intent = { ...body, at: Date.now() };
    const app = await this.options.controller.transact(
      (a) => applyIntent(a, intent),
      `${body.kind} by ${body.by}`,
    );
    return { kind: "noted", release: app.release?.id ?? null, revision: app.release?.to ?? null };
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
        return { kind: "nothing", release, revision: same };
      }
      await controller.transact((a) => settings(a), `settings by ${body.by}`);
      return { kind: "settings", release, revision: same };
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
    request: Omit<PendingRelease, "requestedAt">,
    at: Pick<ReleaseBody, "by" | "busy">,
    also: (app: App) => App = (app) => app,
  ): Promise<Accepted> {
    const now = Date.now();
    const whole: PendingRelease = { ...request, requestedAt: now };
    const displaced = this.options.controller.current.pending;
    const app = await this.options.controller.transact(
      (a) => requestRelease(also(a), whole, { now, ...at }),
      `${request.kind} of revision ${request.to} by ${at.by}`,
    );
    await this.forget(displaced, app);
    return followed(app, request.to);
  }

  /** A release that lost its place in the queue never began: its revision is nobody's. */
  private async forget(displaced: PendingRelease | null, app: App): Promise<void> {
    if (displaced === null || displaced.kind === "rollback") return;
    const { to } = displaced;
    if (app.pending?.to === to || app.release?.to === to || app.served.includes(to)) return;
    await this.options.store.removeRevision(to);
  }

  private rollbackTarget(app: App): number {
    if (app.release?.from) return app.release.from;
    const previous = previousRevision(app);
    if (previous !== null) return previous;
    throw new HitlessError("REFUSED", `no earlier revision of ${app.name} has served`, {
      next: "See `hitless history`.",
    });
  }

  private async stableRevision(): Promise<Revision> {
    const { controller, store } = this.options;
    const { stable, name } = controller.current;
    const revision = stable === null ? null : await store.revision(stable);
    if (revision === null)
      throw new HitlessError("REFUSED", `${name} has no stable revision to restart`);
    return revision;
  }

  private async unknownRevision(to: number): Promise<HitlessError> {
    const kept = (await this.options.store.revisions()).join(", ");
    return new HitlessError("UNKNOWN_REVISION", `revision ${to} is not kept`, {
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
  if (app.pending?.to === revision) return app.releases + 1;
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

/** A release that has to wait gets the next number when it starts. */
function followed(app: App, to: number): Accepted {
  const queued = app.pending?.to === to;
  return {
    kind: queued ? "queued" : "started",
    release: queued ? app.releases + 1 : (app.release?.id ?? null),
    revision: to,
  };
}
