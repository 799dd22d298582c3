import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  addDrains,
  describeExit,
  describeReceipt,
  drainsOf,
  type Exit,
  failpoint,
  HitlessError,
  messageOf,
  type ReadReceipt,
  type ReleaseStore,
  type ReplicaView,
  type Revision,
  type SecretSource,
} from "@hitless/core";
import { type Draining, streamsWindowMs, type Upstream } from "@hitless/proxy";
import type { LocalArtifactStore } from "../artifacts/artifact-store.ts";
import type { EngineState } from "../engine-state.ts";
import type { PortPool } from "../processes/port-pool.ts";
import type { Router } from "../routing/router.ts";
import { isDiskFault } from "../state/disk-fault.ts";
import type { StateFolder } from "../state/state-folder.ts";
import { Replica, type ReplicaHost } from "./replica.ts";
import { newReplicaRecord, type ReplicaRecord } from "./replica-record.ts";

/** Where replicas listen. */
const host = "127.0.0.1";
/** Between attempts to prepare a revision's folder that failed, ms. */
const prepareAgainMs = 1000;

export interface KeeperOptions {
  readonly app: string;
  readonly folder: StateFolder;
  readonly store: ReleaseStore;
  readonly artifacts: LocalArtifactStore;
  readonly secrets: SecretSource;
  readonly state: EngineState;
  readonly router: Router;
  readonly ports: PortPool;
  save(): Promise<void>;
  changed(): void;
  event(text: string): void;
}

/** A record and the replica that lives by it, once its folder is there. */
interface Slot {
  readonly record: ReplicaRecord;
  replica: Replica | null;
  leaving: Promise<void> | null;
  /** Over which its streams are ended when it drains, ms; null until it is known. */
  streamsMs: number | null;
}

function newSlot(record: ReplicaRecord): Slot {
  return { record, replica: null, leaving: null, streamsMs: null };
}

/** Keeps as many replicas of each revision as its level says. */
export class ReplicaKeeper {
  private readonly options: KeeperOptions;
  private readonly slots = new Map<string, Slot>();
  private readonly folders = new Map<number, Promise<{ revision: Revision; dir: string }>>();
  /** Revisions whose replicas leave drain receipts: one that leaves none is worth a word. */
  private readonly leaversOfReceipts = new Set<number>();
  private abandoned = false;
  /** Everything is being stopped: levels are kept up no more. */
  private closing = false;

  constructor(options: KeeperOptions) {
    this.options = options;
  }

  /** Takes up the replicas of the saved state: those that run go on, those that drained drain on. */
  async adopt(): Promise<void> {
    const { state, ports } = this.options;
    // Before any is started: it must not take the port of another that does not listen yet.
    for (const { port, phase } of state.replicas) {
      if (port !== null && phase !== "gone") ports.claim(port);
    }
    const slots = state.replicas.map(newSlot);
    // All of them first: the route may be handed over before the last one has its folder.
    for (const slot of slots) this.slots.set(slot.record.id, slot);
    for (const slot of slots) await this.bring(slot);
    this.reconcile();
  }

  /** Starts or stops replicas until their number is the level. Accepts at once; the rest follows. */
  reconcile(): void {
    if (this.abandoned || this.closing) return;
    for (const { revision, level } of this.options.state.revisions) {
      const staying = [...this.slots.values()].filter(
        (s) => s.record.revision === revision && s.leaving === null,
      );
      for (let n = staying.length; n < level; n += 1) this.add(revision);
      for (const slot of victims(staying, staying.length - level)) this.remove(slot);
    }
  }

  /** Replicas that may get new requests. */
  admitted(): readonly Upstream[] {
    return [...this.slots.values()].flatMap((slot) => {
      const { id, revision, port, admitted } = slot.record;
      return admitted && port !== null ? [{ id, revision, host, port }] : [];
    });
  }

  /** Replicas that are to serve, in whatever state they are; null once everything is being stopped. */
  staying(): readonly ReplicaRecord[] | null {
    if (this.closing) return null;
    return [...this.slots.values()].flatMap((s) => (s.leaving === null ? [s.record] : []));
  }

  /** Replicas on their way out, with or without requests in flight. */
  draining(): readonly Draining[] {
    return [...this.slots.values()].flatMap(({ record: { id, phase }, streamsMs }) =>
      phase === "draining" && streamsMs !== null ? [{ id, streamsMs }] : [],
    );
  }

  views(inFlight: Readonly<Record<string, number>> | null): readonly ReplicaView[] {
    return [...this.slots.values()].map((slot) => {
      const view = slot.replica?.view() ?? viewOf(slot.record);
      return {
        ...view,
        state: slot.leaving === null ? view.state : "draining",
        routed: this.options.router.isRouted(slot.record.id),
        inFlight: inFlight === null ? null : (inFlight[slot.record.id] ?? 0),
        ...addressOf(slot.record),
      };
    });
  }

  /** Stops every replica; resolves when all are gone. */
  async stopAll(): Promise<void> {
    this.closing = true;
    for (const slot of this.slots.values()) this.remove(slot);
    await Promise.all([...this.slots.values()].map((s) => s.leaving));
  }

  /** Watches no longer; the processes run on. */
  abandon(): void {
    this.abandoned = true;
    for (const slot of this.slots.values()) slot.replica?.abandon();
  }

  private add(revision: number): void {
    const { state } = this.options;
    state.lastReplica += 1;
    const record = newReplicaRecord(`${revision}-${state.lastReplica}`, revision);
    state.replicas.push(record);
    const slot = newSlot(record);
    this.slots.set(record.id, slot);
    void this.bring(slot);
  }

  /** Prepares the folder, then lets the replica live. A folder that cannot be made is tried again. */
  private async bring(slot: Slot): Promise<void> {
    const { record } = slot;
    try {
      const { revision, dir } = await this.folderOf(record.revision);
      if (this.abandoned || slot.leaving !== null) return;
      slot.replica = new Replica(record, this.hostFor(slot, revision, dir));
      if (leavesForGood(record)) this.remove(slot);
      else slot.replica.run();
    } catch (thrown) {
      const error = HitlessError.from(thrown);
      this.options.event(`replica ${record.id} cannot be prepared: ${error.message}`);
      this.notePutOff(record.revision, error);
      setTimeout(() => {
        if (!this.abandoned && slot.leaving === null) void this.bring(slot);
      }, prepareAgainMs).unref();
    }
  }

  private remove(slot: Slot): void {
    slot.leaving ??= this.leave(slot);
  }

  private async leave(slot: Slot): Promise<void> {
    const { record } = slot;
    if (slot.replica === null && record.start > 0) slot.replica = await this.unprepared(slot);
    if (slot.replica !== null) await slot.replica.stop();
    if (this.abandoned) return;
    this.slots.delete(record.id);
    const { state, event, save, changed } = this.options;
    state.replicas = state.replicas.filter((r) => r !== record);
    await save().catch((thrown: unknown) => {
      event(`replica ${record.id} left, which cannot be saved: ${messageOf(thrown)}`);
    });
    await failpoint("replica-removed");
    changed();
  }

  /** To be stopped in good order it needs no folder: one that an earlier controller started may lack it. */
  private async unprepared(slot: Slot): Promise<Replica | null> {
    const { record } = slot;
    const { event, folder, store } = this.options;
    try {
      const revision = await store.revision(record.revision);
      const dir = join(folder.checkouts, String(record.revision));
      if (revision !== null) return new Replica(record, this.hostFor(slot, revision, dir));
      event(`replica ${record.id} is left running: its revision is not kept`);
    } catch (thrown) {
      event(`replica ${record.id} is left running: ${HitlessError.from(thrown).message}`);
    }
    return null;
  }

  /** What could not be started may lack its folder: it is made again before the next attempt. */
  private lookAgainAtFolder(revision: number): void {
    this.folders.delete(revision);
    this.folderOf(revision).catch(() => undefined);
  }

  private folderOf(number: number): Promise<{ revision: Revision; dir: string }> {
    const known = this.folders.get(number);
    if (known !== undefined) return known;
    const made = this.prepare(number);
    this.folders.set(number, made);
    made.catch(() => this.folders.delete(number));
    return made;
  }

  private async prepare(number: number): Promise<{ revision: Revision; dir: string }> {
    const { folder, store, artifacts } = this.options;
    const revision = await store.revision(number);
    if (revision === null)
      throw new HitlessError("UNKNOWN_REVISION", `revision ${number} is not kept`);
    const { artifact, run } = revision;
    if (artifact.kind === "image") {
      throw new HitlessError("REFUSED", "one machine runs processes, not images", {
        next: "Use `run`.",
      });
    }
    if (artifact.kind === "none") {
      // Without an artifact it runs in the app's own folder, wherever that was moved.
      return { revision, dir: existsSync(artifact.dir) ? artifact.dir : folder.appDir };
    }
    const dir = join(folder.checkouts, String(number));
    await artifacts.checkout(artifact.digest, dir, {
      persist: { names: run.persist, root: folder.persist },
    });
    return { revision, dir };
  }

  private hostFor(slot: Slot, revision: Revision, dir: string): ReplicaHost {
    const { options } = this;
    slot.streamsMs = Math.round(streamsWindowMs(revision.drain.timeoutSeconds * 1000));
    return {
      revision,
      dir,
      logDir: options.folder.logs,
      ports: options.ports,
      environment: (record) => this.environment(revision, record),
      save: options.save,
      admit: () => options.router.push(),
      withdraw: () => options.router.push(),
      inFlight: async (id) => (await options.router.read()).inFlight[id] ?? 0,
      cut: (id) => options.router.cut(id),
      changed: options.changed,
      exited: (exit, delayMs) => {
        const { id, revision, process } = slot.record;
        const who = process === null ? `replica ${id}` : `replica ${id} (process ${process.pid})`;
        const when = delayMs < 1000 ? "at once" : `in ${Math.round(delayMs / 1000)} s`;
        options.event(`${who}: ${describeExit(exit)}, starts again ${when}`);
        this.noteExit(revision, exit);
      },
      ended: (receipt) => this.noteReceipt(slot.record, receipt),
      event: options.event,
    };
  }

  private async environment(
    revision: Revision,
    record: ReplicaRecord,
  ): Promise<Readonly<Record<string, string>>> {
    const secrets: Record<string, string> = {};
    for (const name of revision.secrets) {
      const value = await this.options.secrets.read(name);
      if (value === undefined)
        throw new HitlessError("SECRET_MISSING", `secret ${name} has no value`);
      secrets[name] = value;
    }
    return {
      ...revision.run.env,
      ...revision.config,
      ...secrets,
      PORT: String(record.port ?? ""),
      HOST: host,
      HITLESS_APP: this.options.app,
      HITLESS_REVISION: String(revision.number),
      HITLESS_REPLICA: record.id,
    };
  }

  private noteReceipt({ id, revision, phase }: ReplicaRecord, left: ReadReceipt): void {
    const { state, event } = this.options;
    if (left.kind === "receipt") {
      this.leaversOfReceipts.add(revision);
      state.drains = addDrains(state.drains, drainsOf(left.receipt));
      event(`replica ${id}: ${describeReceipt(left.receipt)}`);
    } else if (left.kind === "unreadable") {
      event(`replica ${id}: its drain receipt cannot be read: ${left.why}`);
    } else if (phase === "draining" && this.leaversOfReceipts.has(revision)) {
      event(`replica ${id}: left no drain receipt, unlike others of revision ${revision}`);
    }
  }

  /** A full disk is nothing that the revision is to blame for. */
  private notePutOff(revision: number, error: HitlessError): void {
    const exit = { kind: "notStarted", error: error.message, at: Date.now() } as const;
    const level = this.options.state.revisions.find((r) => r.revision === revision);
    if (!isDiskFault(error)) this.noteExit(revision, exit);
    else if (level !== undefined) level.lastExit = exit;
  }

  private noteExit(revision: number, exit: Exit): void {
    const level = this.options.state.revisions.find((r) => r.revision === revision);
    if (level === undefined) return;
    level.exits += 1;
    level.lastExit = exit;
    if (exit.kind === "notStarted") this.lookAgainAtFolder(revision);
    this.options.changed();
  }
}

/** It was on its way out when the last controller ended; one that is only replaced stays. */
function leavesForGood(record: ReplicaRecord): boolean {
  return record.phase === "gone" || (record.drain !== null && record.drain.because === null);
}

/** Those that serve nobody first, then those ready for the shortest time (clause 4 of the port). */
function victims(slots: readonly Slot[], count: number): readonly Slot[] {
  if (count <= 0) return [];
  const readySince = (slot: Slot) => slot.replica?.view().readySince ?? Number.POSITIVE_INFINITY;
  const age = (slot: Slot) => Number(slot.record.id.split("-")[1]);
  return [...slots]
    .sort((a, b) => compare(readySince(b), readySince(a)) || age(b) - age(a))
    .slice(0, count);
}

/** Of one that is not taken up yet. */
function viewOf(record: ReplicaRecord): ReplicaView {
  return {
    id: record.id,
    revision: record.revision,
    state: "starting",
    readySince: null,
    routed: false,
    inFlight: null,
    startedAt: null,
    starts: record.start,
    lastProbe: null,
    lastExit: record.lastExit,
    restartAt: null,
    process: null,
  };
}

function addressOf({ port, served }: ReplicaRecord): Pick<ReplicaView, "address"> {
  return served && port !== null ? { address: `${host}:${port}` } : {};
}

/** Like subtraction, but two infinities are equal. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
