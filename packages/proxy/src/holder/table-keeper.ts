import { logLine } from "../log-line.ts";
import { keepOwnFolder } from "../own-folder.ts";
import type { ProxyTable } from "../table.ts";
import { TableFile } from "./table-file.ts";

/** Between attempts to write a table that the disk did not take. */
const saveAgainMs = 1_000;

/** The table in force, in memory and on disk. */
export class TableKeeper {
  readonly #file: TableFile;
  readonly #installed: (table: ProxyTable) => void;
  #table: ProxyTable | null = null;
  #persisting: Promise<void> = Promise.resolve();
  /** Why the last table could not be written; empty when it was. */
  #unsaved = "";

  /** `installed` is called with each table once it is on disk, where the disk takes it. */
  constructor(stateDir: string, installed: (table: ProxyTable) => void) {
    this.#file = new TableFile(stateDir);
    this.#installed = installed;
  }

  get table(): ProxyTable | null {
    return this.#table;
  }

  /** Begins with the one on disk, or with `told` when that is newer. */
  async open(told: ProxyTable | null): Promise<void> {
    const { table, complaint } = await this.#file.read();
    if (complaint !== null) logLine(`holder ${process.pid}: ${complaint}`);
    this.#table = table;
    if (told !== null) this.adopt(told);
  }

  /** Resolves once it is in force here. Throws on an older one. */
  async install(table: ProxyTable): Promise<void> {
    const persisted = this.#persisting.then(() => this.#install(table));
    this.#persisting = persisted.catch(() => undefined);
    await persisted;
  }

  /** One that a worker serves by: the holder before may have died between the worker and the disk. */
  adopt(table: ProxyTable): void {
    if (table.generation <= (this.#table?.generation ?? -1)) return;
    this.#table = table;
    this.#persisting = this.#persisting.then(() => this.#save(table));
    this.#installed(table);
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#persisting;
  }

  async #install(table: ProxyTable): Promise<void> {
    const inForce = this.#table;
    if (inForce !== null && table.generation <= inForce.generation) {
      if (JSON.stringify(table) === JSON.stringify(inForce)) return;
      throw new Error(
        `generation ${table.generation} is not newer than ${inForce.generation}, which is in force`,
      );
    }
    await this.#save(table);
    this.#table = table;
    this.#installed(table);
  }

  /** A full disk is no reason to go on sending requests to what is gone: the workers have the table too. */
  async #save(table: ProxyTable): Promise<void> {
    try {
      keepOwnFolder();
      await this.#file.write(table);
      this.#unsaved = "";
    } catch (error) {
      if (String(error) !== this.#unsaved) logLine(`holder ${process.pid}: ${String(error)}`);
      this.#unsaved = String(error);
      setTimeout(() => this.#saveAgain(table), saveAgainMs).unref();
    }
  }

  #saveAgain(table: ProxyTable): void {
    this.#persisting = this.#persisting.then(async () => {
      if (this.#table === table) await this.#save(table);
    });
  }
}
