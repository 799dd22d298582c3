import type { App } from "../model/app.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { ReleaseRecord } from "../model/release.ts";
import type { Revision } from "../model/revision.ts";

/** One line of the append-only event log. */
export interface AppEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: string;
  readonly text: string;
}

/** What could be read of the audit log, and what was wrong with the rest, in sentences. */
export interface AuditLog {
  readonly entries: readonly AuditEntry[];
  readonly damage: readonly string[];
}

/** Keeps an app, its revisions, its history and its events. What `save` resolved is durable. */
export interface ReleaseStore {
  load(): Promise<App | null>;
  save(app: App): Promise<void>;
  revision(number: number): Promise<Revision | null>;
  /** Numbers of all kept revisions, ascending. */
  revisions(): Promise<readonly number[]>;
  addRevision(revision: Revision): Promise<void>;
  removeRevision(number: number): Promise<void>;
  /**
   * A row with an id that is there takes its place: a controller died over the end of that release,
   * and it ended later, perhaps otherwise.
   */
  addRecord(record: ReleaseRecord): Promise<void>;
  history(): Promise<readonly ReleaseRecord[]>;
  addEvent(event: AppEvent): Promise<void>;
  events(): Promise<readonly AppEvent[]>;
  /** Resolves once the entry is durable. */
  addAudit(entry: AuditEntry): Promise<void>;
  /** The whole log, oldest first. */
  audit(): Promise<AuditLog>;
}
