import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type App,
  type AppEvent,
  type AuditEntry,
  type AuditLog,
  auditEntryShape,
  failpoint,
  HitlessError,
  type ReleaseRecord,
  type ReleaseStore,
  type Revision,
} from "@hitless/core";
import { z } from "zod";
import { hasErrno, readJsonIfPresent, writeFileAtomic } from "./atomic-file.ts";
import { LineLog } from "./line-log.ts";
import type { StateFolder } from "./state-folder.ts";

/** Version of every file below. A newer one is refused, an older one is read. */
const schema = 1;
/** Events are kept in two files of at most this size. */
const mostEventBytes = 4 * 1024 * 1024;

/** The release store of one machine: versioned JSON files, each replaced in one rename. */
export class FileStore implements ReleaseStore {
  private readonly folder: StateFolder;
  private readonly records: LineLog;
  private readonly eventLog: LineLog;
  private readonly auditLog: LineLog;
  /** Only the controller that holds the lock writes: what it has read once stays true. */
  private past: readonly ReleaseRecord[] | null = null;

  constructor(folder: StateFolder) {
    this.folder = folder;
    this.records = new LineLog(folder.history);
    // Kept whole, in one file: it grows by about 700 bytes with each change.
    this.auditLog = new LineLog(folder.audit);
    this.eventLog = new LineLog(folder.events, mostEventBytes);
  }

  async load(): Promise<App | null> {
    return readVersioned<App>(this.folder.app);
  }

  async save(app: App): Promise<void> {
    await writeVersioned(this.folder.app, app);
  }

  async revision(number: number): Promise<Revision | null> {
    return readVersioned<Revision>(this.revisionFile(number));
  }

  async revisions(): Promise<readonly number[]> {
    const names = await readdir(this.folder.revisions).catch((cause: unknown) => {
      if (hasErrno(cause, "ENOENT")) return [];
      throw cause;
    });
    return names
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async addRevision(revision: Revision): Promise<void> {
    await writeVersioned(this.revisionFile(revision.number), revision);
  }

  async removeRevision(number: number): Promise<void> {
    await rm(this.revisionFile(number), { force: true });
    await failpoint("revision-removed");
  }

  async addRecord(record: ReleaseRecord): Promise<void> {
    const known = await this.history();
    await this.records.append(record);
    this.past = lastOfEach([...known, record]);
  }

  async history(): Promise<readonly ReleaseRecord[]> {
    this.past ??= lastOfEach((await this.records.read()).filter(isReleaseRecord));
    return this.past;
  }

  addEvent(event: AppEvent): Promise<void> {
    return this.eventLog.append(event);
  }

  async events(): Promise<readonly AppEvent[]> {
    return trusted<readonly AppEvent[]>(await this.eventLog.read());
  }

  addAudit(entry: AuditEntry): Promise<void> {
    return this.auditLog.append(entry);
  }

  async audit(): Promise<AuditLog> {
    const { values, damage } = await this.auditLog.examine();
    const entries = values.map((value) => auditEntryShape.safeParse(value).data);
    return { entries: entries.filter((entry) => entry !== undefined), damage };
  }

  private revisionFile(number: number): string {
    return join(this.folder.revisions, `${number}.json`);
  }
}

/** A release whose end a controller died over has several rows: it ended as the last one says. */
function lastOfEach(records: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const last = new Map(records.map((record) => [record.id, record]));
  return records.filter((record) => last.get(record.id) === record);
}

/** A stray line in the log is no release, and its numbers must not count. */
function isReleaseRecord(line: unknown): line is ReleaseRecord {
  return releaseLine.safeParse(line).success;
}

const releaseLine = z.object({
  id: z.int().positive(),
  to: z.int().positive(),
  outcome: z.string(),
});
const envelope = z.object({ schema: z.number(), value: z.unknown() });

/** Reads a versioned file; null when it does not exist. Throws STATE_UNREADABLE when it cannot be used. */
export async function readVersioned<T>(path: string): Promise<T | null> {
  const raw = await readJsonIfPresent(path).catch((cause: unknown) => {
    throw new HitlessError("STATE_UNREADABLE", `${path} cannot be read`, {
      cause,
      next: "Restore it from a backup of the folder; nothing was changed.",
    });
  });
  if (raw === undefined) return null;
  const parsed = envelope.safeParse(raw);
  if (!parsed.success || parsed.data.schema > schema) {
    throw new HitlessError("STATE_UNREADABLE", `${path} was written by a newer Hitless`, {
      next: "Run the version that wrote it.",
    });
  }
  return trusted<T>(parsed.data.value);
}

/** Writes a versioned file in one rename; durable when resolved. */
export async function writeVersioned(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ schema, value })}\n`, { mode: 0o600 });
}

/** Our own files, written by this version: their version was checked, their shape is ours. */
function trusted<T>(value: unknown): T;
function trusted(value: unknown): unknown {
  return value;
}
