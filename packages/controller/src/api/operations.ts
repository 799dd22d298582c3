import {
  type Already,
  type App,
  type AppSpec,
  alreadySo,
  applyIntent,
  changeSettings,
  droppedBetween,
  HitlessError,
  hurryPending,
  type IntentKind,
  type MeantFor,
  type Origin,
  parseAppFile,
  previousRevision,
  type ReleaseRequest,
  type ReleaseStore,
  type Revision,
  refuseFrozen,
  replicasFromFile,
  requestRelease,
  requestRollback,
  type SecretSource,
  secretsNamedIn,
  whyNotNow,
} from "@hitless/core";
import { type Audited, AuditTrail, type Note } from "../audit/audit-trail.ts";
import type { Change, Transition } from "../loop/controller.ts";
import { type RevisionMaker, sameContent } from "../revisions/revision-maker.ts";
import { type Accepted, type Answer, answer, followed, releaseTo } from "./accepted.ts";
import { busyWith, refuseMove, refuseStale, restartWhileBusy } from "./refusals.ts";
import type { ReleaseBody } from "./server.ts";
import { SettingsOperations, type SettingsOptions } from "./settings-operations.ts";

/** What a person asks of the release that they saw. */
export interface IntentBody {
  readonly kind: IntentKind;
  readonly by: string;
  readonly meantFor: MeantFor;
  /** Of `promote`: to the end, whatever waits for a person on the way. */
  readonly full?: boolean | undefined;
}

/** `to` null: the revision before. */
export interface RollbackBody extends Omit<IntentBody, "kind" | "full"> {
  readonly to: number | null;
}

/** How a controller came to run. */
export interface UpBody {
  readonly by: string;
  /** There was an app to go on with. */
  readonly adopted: boolean;
  /** The process that it replaced; null: none ran. */
  readonly insteadOf: number | null;
}

export interface OperationsOptions extends Omit<SettingsOptions, "trail"> {
  readonly store: ReleaseStore;
  readonly maker: RevisionMaker;
  /** Where replicas get their secrets: a release that names others is refused. */
  readonly secrets: SecretSource;
}

/**
 * Everything that can be asked of an app. Each call persists, and is in the audit log, before it
 * returns or throws; `origin` is what the caller says of where they are.
 */
export class Operations {
  readonly settings: SettingsOperations;
  private readonly options: OperationsOptions;
  private readonly trail: AuditTrail;
  /** Releases are made one after the other, so that two cannot take one revision number. */
  private making: Promise<unknown> = Promise.resolve();

  constructor(options: OperationsOptions) {
    this.options = options;
    this.trail = new AuditTrail(options.controller, options.store);
    this.settings = new SettingsOperations({ ...options, trail: this.trail });
  }

  /** A release from the app file. Nothing to do when content and settings are what they were. */
  release(body: ReleaseBody, origin: Origin | null = null): Promise<Accepted> {
    const { by, busy, cause } = body;
    const overrides = Object.keys(body.overrides).sort().join(" ");
    const { anytime = false } = body;
    const arguments_ = { message: cause, ifBusy: busy, overrides, unset: unsetBy(body), anytime };
    const asked = { command: "release", arguments: arguments_, who: { name: by, origin } };
    return this.trail.of(asked, (note) => this.oneByOne(() => this.makeRelease(body, note)));
  }

  /** A new revision with the stable one's content: fresh processes, nothing else. */
  restart(body: { readonly by: string }, origin: Origin | null = null): Promise<Accepted> {
    const { by } = body;
    const work = async (note: Note) => {
      const { controller } = this.options;
      controller.assertOpen();
      refuseFrozen(controller.current);
      const { release, pending } = controller.current;
      if (release !== null) throw restartWhileBusy(release.id);
      const at = { now: Date.now(), rate: controller.traffic.rate };
      if (pending !== null && whyNotNow(controller.current, pending, at) === null) {
        throw restartWhileBusy(pending.id);
      }
      const stable = await this.stableRevision();
      const cause = `restart by ${by}`;
      const revision = await this.options.maker.again(stable, cause);
      const request = { to: revision.number, kind: "restart", cause } as const;
      return this.request(request, { by, busy: "queue", note });
    };
    const asked = { command: "restart", arguments: {}, who: { name: by, origin } };
    return this.trail.of(asked, (note) => this.oneByOne(() => work(note)));
  }

  /** Back to an earlier revision under its old number; without one, to the one before. */
  rollback(body: RollbackBody, origin: Origin | null = null): Promise<Accepted> {
    const { by, meantFor } = body;
    const asked = { to: body.to, release: meantFor.release };
    const work = async (note: Note) => {
      let to = 0;
      let already: Already | null = null;
      const transition: Transition = async (app, past) => {
        to = body.to ?? rollbackTarget(app);
        await this.mustBeKept(to);
        already = alreadySo(app, "rollback");
        const now = Date.now();
        const cause = `rollback by ${by}`;
        const request: ReleaseRequest = { to, kind: "rollback", cause, requestedAt: now };
        return requestRollback(app, request, { now, by, meantFor, past });
      };
      const change = await this.options.controller.transact(transition, {
        said: `rollback by ${by}`,
        note,
      });
      return answer(change, { already, ...followed(change, to) });
    };
    return this.trail.of(
      { command: "rollback", arguments: asked, who: { name: by, origin } },
      work,
    );
  }

  intent(body: IntentBody, origin: Origin | null = null): Promise<Accepted> {
    const { kind, by, meantFor, full = false } = body;
    const { release, waypoint } = meantFor;
    const work = async (note: Note) => {
      let already: Already | null = null;
      const transition: Transition = (app, past) => {
        already = alreadySo(app, kind);
        const intent = { kind, by, meantFor, at: Date.now(), ...(full ? { full } : {}) };
        return applyIntent(app, intent, past);
      };
      const said = `${kind} by ${by}`;
      const change = await this.options.controller.transact(transition, { said, note });
      const after = change.after.release;
      const which = { release: after?.id ?? null, revision: after?.to ?? null };
      return answer(change, { kind: "noted", already, ...which });
    };
    const asked = { command: kind, arguments: { release, waypoint, ...(full ? { full } : {}) } };
    return this.trail.of({ ...asked, who: { name: by, origin } }, work);
  }

  /** Notes that this controller took the app up, over what runs (`adopted`) and perhaps from another. */
  async up(body: UpBody, origin: Origin | null = null): Promise<void> {
    const { by, ...how } = body;
    await this.trail.of(
      { command: "up", arguments: how, who: { name: by, origin } },
      async () => ({}),
    );
  }

  /** From now on nothing is accepted: everything is being stopped. */
  down(body: { readonly by: string }, origin: Origin | null = null): Promise<Audited> {
    const { by } = body;
    const { controller } = this.options;
    const message = `${controller.current.name} is being stopped: ${by} said \`hitless down\``;
    const next = "Say `hitless up` once it is down: it goes on from where it stood.";
    const asked = { command: "down", arguments: {}, who: { name: by, origin } };
    return this.trail.of(asked, async (note) => {
      await controller.close(new HitlessError("REFUSED", message, { next }), note);
      return {};
    });
  }

  private async makeRelease(body: ReleaseBody, note: Note): Promise<Answer> {
    const { controller, maker } = this.options;
    const parsed = parseAppFile(body.raw);
    if (parsed.kind === "problems") {
      const [first] = parsed.problems;
      throw new HitlessError("BAD_INPUT", first?.message ?? "the app file is wrong", {
        path: first?.path ?? [],
      });
    }
    const { spec } = parsed;
    controller.assertOpen();
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
    if (body.busy === "reject" && app.release !== null) throw busyWith(app.release.id);
    await this.secretsAreThere(spec);
    const content = await maker.contentOf(spec, body);
    const settings = (a: App): App => {
      const changed = changeSettings(a, spec.settings);
      const scaled = body.replicasFromFile === true ? replicasFromFile(changed) : changed;
      const hurried = body.anytime === true ? hurryPending(scaled) : scaled;
      return { ...hurried, overrides: body.overrides };
    };
    const same = await this.revisionToKeep(app, maker.digestOf(content));
    if (same !== null) {
      const release = releaseTo(app, same);
      if (settingsOf(settings(app)) === settingsOf(app)) {
        return answer({ before: app, after: app }, { kind: "nothing", release, revision: same });
      }
      const change = await controller.transact((a) => settings(a), {
        said: `settings by ${body.by}`,
        note,
      });
      if (body.anytime === true && release !== null) return answer(change, followed(change, same));
      return answer(change, { kind: "settings", release, revision: same });
    }
    refuseFrozen(app);
    const revision = await maker.make(content, body.cause);
    const { by, busy, cause, anytime = false } = body;
    const request = { to: revision.number, kind: "release", cause } as const;
    return this.request(
      { ...request, ...(anytime ? { anytime } : {}) },
      { by, busy, note },
      settings,
    );
  }

  private async secretsAreThere(spec: AppSpec): Promise<void> {
    for (const { name, path } of secretsNamedIn(spec)) {
      if ((await this.options.secrets.read(name)) !== undefined) continue;
      throw new HitlessError("SECRET_MISSING", `secret ${name} has no value in the controller`, {
        path,
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
    at: Pick<ReleaseBody, "by" | "busy"> & { readonly note: Note },
    also: (app: App) => App = (app) => app,
  ): Promise<Answer> {
    const { by, busy, note } = at;
    const { controller } = this.options;
    const now = Date.now();
    const how = { now, by, busy, rate: controller.traffic.rate };
    const change = await controller.transact(
      (app) => requestRelease(also(app), { ...request, requestedAt: now }, how),
      { said: `${request.kind} of revision ${request.to} by ${by}`, note },
    );
    await this.forget(change);
    return answer(change, followed(change, request.to), controller.traffic.rate);
  }

  /** A release that lost its place in the queue never began: its revision is nobody's. */
  private async forget({ before, after }: Change): Promise<void> {
    const dropped = droppedBetween(before, after);
    if (dropped === null || dropped.kind === "rollback") return;
    const { to } = dropped;
    if (after.pending?.to === to || after.release?.to === to || after.served.includes(to)) return;
    // The release that took its place is accepted: what stays of this one goes at the next start.
    await this.options.store.removeRevision(to).catch(() => undefined);
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

/** What `--unset` took away, as it was typed. */
function unsetBy({ overrides, overridesBefore, replicasFromFile }: ReleaseBody): string {
  const gone = Object.keys(overridesBefore).filter((key) => !Object.hasOwn(overrides, key));
  const scaled = replicasFromFile === true ? ["replicas"] : [];
  return [...new Set([...gone, ...scaled])].sort().join(" ");
}

/** What a change of settings alone can change, to compare. */
function settingsOf(app: App): string {
  return JSON.stringify([app.settings, app.desired, app.overrides, app.pending?.anytime]);
}

function headingFor(app: App): number | null {
  if (app.release === null) return app.stable;
  return app.release.direction === "forward" ? app.release.to : app.release.from;
}

function rollbackTarget(app: App): number {
  if (app.release?.from) return app.release.from;
  const previous = previousRevision(app);
  if (previous !== null) return previous;
  throw new HitlessError("REFUSED", `no earlier revision of ${app.name} has served`, {
    next: "See `hitless history`.",
  });
}
