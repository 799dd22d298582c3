import {
  type DrainTotals,
  drainTotalsShape,
  type Exit,
  exitShape,
  HitlessError,
  noDrains,
  type RouteTable,
  routeTableShape,
} from "@hitless/core";
import { z } from "zod";
import { type ReplicaRecord, replicaRecordSchema } from "./replicas/replica-record.ts";
import { isDiskFault } from "./state/disk-fault.ts";
import { VersionedFile } from "./state/versioned-file.ts";

/** What the engine keeps of one revision. */
export interface RevisionLevel {
  readonly revision: number;
  level: number;
  exits: number;
  lastExit: Exit | null;
}

/** All that the engine must find again after a crash. */
export interface EngineState {
  /** Grows with every accepted mutation. */
  token: number;
  route: RouteTable;
  proxyGeneration: number;
  /** Number of the last replica; ids are never reused. */
  lastReplica: number;
  revisions: RevisionLevel[];
  /** Sums over the receipts of replicas that have ended. */
  drains: DrainTotals;
  replicas: ReplicaRecord[];
}

const counted = z.int().nonnegative();

export const engineStateShape = z.object({
  token: counted,
  route: routeTableShape,
  proxyGeneration: counted,
  lastReplica: counted,
  revisions: z.array(
    z.object({
      revision: z.int().positive(),
      level: counted,
      exits: counted,
      lastExit: exitShape.nullable(),
    }),
  ),
  // An older version read none.
  drains: drainTotalsShape.default(noDrains),
  replicas: z.array(replicaRecordSchema),
}) satisfies z.ZodType<EngineState>;

/**
 * The state at `path`. An empty one when there is none, unless the app `exists`: then replicas may
 * run that nothing else knows of, and to begin anew would take them out of the route.
 */
export async function loadEngineState(path: string, exists = false): Promise<EngineState> {
  const known = await new VersionedFile(path, engineStateShape).read();
  if (known !== null) return known;
  if (exists) {
    throw new HitlessError("STATE_UNREADABLE", `${path} is missing, but the app was released`, {
      next: "Restore it from a backup of the folder; what runs goes on serving.",
    });
  }
  return {
    token: 0,
    route: { generation: 0, rule: { kind: "byReplica", revisions: [] } },
    proxyGeneration: 0,
    lastReplica: 0,
    revisions: [],
    drains: noDrains,
    replicas: [],
  };
}

/** Between attempts to save what the disk did not take, ms. */
const againMs = 1000;

/**
 * Saves one state in a file, never two at a time; callers that come meanwhile share the next write.
 * What the disk does not take is saved as soon as it does, without being asked again.
 */
export class EngineStateFile {
  private readonly file: VersionedFile<EngineState>;
  private readonly state: EngineState;
  private running: Promise<void> | null = null;
  private following: Promise<void> | null = null;
  private again: NodeJS.Timeout | null = null;
  private closed = false;
  private readonly assertMine: () => void;

  /** `assertMine` throws when another controller may have written meanwhile. */
  constructor(path: string, state: EngineState, assertMine: () => void = () => undefined) {
    this.assertMine = assertMine;
    this.file = new VersionedFile(path, engineStateShape);
    this.state = state;
  }

  /** Durable, with everything that was in the state when it was called, once resolved. */
  save(): Promise<void> {
    if (this.running === null) {
      this.running = this.write();
      return this.running;
    }
    this.following ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.following = null;
        this.running = this.write();
        return this.running;
      });
    return this.following;
  }

  /** Saves no more by itself. */
  close(): void {
    this.closed = true;
    if (this.again !== null) clearTimeout(this.again);
  }

  private async write(): Promise<void> {
    try {
      this.assertMine();
      await this.file.write(this.state);
    } catch (thrown) {
      if (isDiskFault(thrown)) this.saveLater();
      throw thrown;
    } finally {
      if (this.following === null) this.running = null;
    }
  }

  private saveLater(): void {
    if (this.closed) return;
    this.again ??= setTimeout(() => {
      this.again = null;
      this.save().catch(() => undefined);
    }, againMs).unref();
  }
}
