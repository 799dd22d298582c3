import { join } from "node:path";
import {
  type App,
  type AppEvent,
  type AuditEntry,
  type AuditLog,
  appEventShape,
  appShape,
  auditEntryShape,
  failpoint,
  type ReleaseRecord,
  type ReleaseStore,
  type Revision,
  releaseRecordShape,
  revisionShape,
} from "@hitless/core";
import { LineLog } from "./line-log.ts";
import type { StateFolder } from "./state-folder.ts";
import { VersionedFile, versionedIn } from "./versioned-file.ts";

/** Events are kept in two files of at most this size. */
const mostEventBytes = 4 * 1024 * 1024;

/**
 * The release store of one machine: versioned JSON files, each replaced whole. Everything throws
 * STATE_UNREADABLE with the file and the place in it, and DISK_FULL, NO_PERMISSION or DISK_FAILED
 * with the path.
 */
export class FileStore implements ReleaseStore {
  private readonly folder: StateFolder;
  private readonly app: VersionedFile<App>;
  private readonly records: LineLog<ReleaseRecord>;
  private readonly eventLog: LineLog<AppEvent>;
  private readonly auditLog: LineLog<AuditEntry>;
  /** Only the controller that holds the lock writes: what it has read once stays true. */
  private past: readonly ReleaseRecord[] | null = null;

  constructor(folder: StateFolder) {
    this.folder = folder;
    this.app = new VersionedFile(folder.app, appShape);
    this.records = new LineLog(folder.history, releaseRecordShape);
    // Kept whole, in one file: it grows by about 700 bytes with each change.
    this.auditLog = new LineLog(folder.audit, auditEntryShape);
    this.eventLog = new LineLog(folder.events, appEventShape, mostEventBytes);
  }

  load(): Promise<App | null> {
    return this.app.read();
  }

  save(app: App): Promise<void> {
    return this.app.write(app);
  }

  revision(number: number): Promise<Revision | null> {
    return this.revisionFile(number).read();
  }

  async revisions(): Promise<readonly number[]> {
    const names = await versionedIn(this.folder.revisions);
    const numbers = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
    return numbers.map(Number).sort((a, b) => a - b);
  }

  addRevision(revision: Revision): Promise<void> {
    return this.revisionFile(revision.number).write(revision);
  }

  async removeRevision(number: number): Promise<void> {
    await this.revisionFile(number).remove();
    await failpoint("revision-removed");
  }

  async addRecord(record: ReleaseRecord): Promise<void> {
    const known = await this.history();
    await this.records.append(record);
    this.past = lastOfEach([...known, record]);
  }

  async history(): Promise<readonly ReleaseRecord[]> {
    this.past ??= lastOfEach(await this.records.read());
    return this.past;
  }

  addEvent(event: AppEvent): Promise<void> {
    return this.eventLog.append(event);
  }

  events(): Promise<readonly AppEvent[]> {
    return this.eventLog.read();
  }

  addAudit(entry: AuditEntry): Promise<void> {
    return this.auditLog.append(entry);
  }

  async audit(): Promise<AuditLog> {
    const { values, damage } = await this.auditLog.examine();
    return { entries: values, damage };
  }

  private revisionFile(number: number): VersionedFile<Revision> {
    return new VersionedFile(join(this.folder.revisions, `${number}.json`), revisionShape);
  }
}

/** A release whose end a controller died over has several rows: it ended as the last one says. */
function lastOfEach(records: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const last = new Map(records.map((record) => [record.id, record]));
  return records.filter((record) => last.get(record.id) === record);
}
