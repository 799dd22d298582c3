import { type Exit, HitlessError, type RouteTable } from "@hitless/core";
import type { ReplicaRecord } from "./replicas/replica-record.ts";
import { readVersioned, writeVersioned } from "./state/file-store.ts";

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
  replicas: ReplicaRecord[];
}

/**
 * The state at `path`. An empty one when there is none, unless the app `exists`: then replicas may
 * run that nothing else knows of, and to begin anew would take them out of the route.
 */
export async function loadEngineState(path: string, exists = false): Promise<EngineState> {
  const known = await readVersioned<EngineState>(path);
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
    replicas: [],
  };
}

/** Saves one state in a file, never two at a time; callers that come meanwhile share the next write. */
export class EngineStateFile {
  private readonly path: string;
  private readonly state: EngineState;
  private running: Promise<void> | null = null;
  private following: Promise<void> | null = null;

  constructor(path: string, state: EngineState) {
    this.path = path;
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

  private async write(): Promise<void> {
    try {
      await writeVersioned(this.path, this.state);
    } finally {
      if (this.following === null) this.running = null;
    }
  }
}
