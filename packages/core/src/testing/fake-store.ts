import type { App } from "../model/app.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { ReleaseRecord } from "../model/release.ts";
import type { Revision } from "../model/revision.ts";
import type { AppEvent, AuditLog, ReleaseStore } from "../ports/release-store.ts";

/** A `ReleaseStore` in memory: what was saved survives a "killed" controller, nothing else does. */
export class FakeStore implements ReleaseStore {
  readonly #revisions = new Map<number, Revision>();
  readonly #records = new Map<number, ReleaseRecord>();
  readonly #events: AppEvent[] = [];
  /** Are told what became durable, and what was read. */
  onSave: (app: App) => void = () => {};
  onLoad: (app: App) => void = () => {};
  onRecord: (record: ReleaseRecord) => void = () => {};
  readonly #audit: AuditEntry[] = [];
  #app: App | null = null;

  /** What comes back has been through JSON, as on disk. */
  async load(): Promise<App | null> {
    if (this.#app === null) return null;
    const parsed: App = JSON.parse(JSON.stringify(this.#app));
    this.onLoad(parsed);
    return parsed;
  }

  async save(app: App): Promise<void> {
    this.#app = app;
    this.onSave(app);
  }

  async revision(number: number): Promise<Revision | null> {
    return this.#revisions.get(number) ?? null;
  }

  async revisions(): Promise<readonly number[]> {
    return [...this.#revisions.keys()].sort((a, b) => a - b);
  }

  async addRevision(revision: Revision): Promise<void> {
    this.#revisions.set(revision.number, revision);
  }

  async removeRevision(number: number): Promise<void> {
    this.#revisions.delete(number);
  }

  async addRecord(record: ReleaseRecord): Promise<void> {
    this.onRecord(record);
    this.#records.set(record.id, record);
  }

  async history(): Promise<readonly ReleaseRecord[]> {
    return [...this.#records.values()];
  }

  async addEvent(event: AppEvent): Promise<void> {
    this.#events.push(event);
  }

  async addAudit(entry: AuditEntry): Promise<void> {
    this.#audit.push(entry);
  }

  async audit(): Promise<AuditLog> {
    return { entries: this.#audit, damage: [] };
  }

  async events(): Promise<readonly AppEvent[]> {
    return this.#events;
  }
}
