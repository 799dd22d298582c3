import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { bootId } from "../process-record.ts";
import { isRecord, type ProxyTable, readTable } from "../table.ts";

const version = 1;

/** The last route table on disk: versioned JSON, mode 0600, written temp + fsync + rename. */
export class TableFile {
  readonly path: string;

  constructor(stateDir: string) {
    this.path = join(stateDir, "proxy-table.json");
  }

  /**
   * The table that was written last. After a reboot it keeps its generations and loses its
   * replicas: their ports may belong to strangers by now. A file that is none of ours counts as
   * missing: a controller, or the worker that serves, knows the table too.
   */
  async read(): Promise<{ readonly table: ProxyTable | null; readonly complaint: string | null }> {
    const text = await readFile(this.path, "utf8").catch(() => null);
    if (text === null) return { table: null, complaint: null };
    const file = parsedFile(text);
    const table = file["version"] === version ? readTable(file["table"]) : null;
    if (table === null) {
      const complaint = `${resolve(this.path)} is no route table of version ${version}: not used`;
      return { table: null, complaint };
    }
    const sameBoot = file["bootId"] === bootId();
    return { table: sameBoot ? table : { ...table, replicas: [] }, complaint: null };
  }

  /**
   * Resolves once the table is on the disk. Where the disk takes none, it has none afterwards: what
   * an old table says of replicas, whoever reads it must not believe.
   */
  async write(table: ProxyTable): Promise<void> {
    const temporary = `${this.path}.${process.pid}.tmp`;
    try {
      await this.#replace(table, temporary);
    } catch (error) {
      for (const path of [temporary, this.path]) await rm(path, { force: true }).catch(() => null);
      throw error;
    }
  }

  async #replace(table: ProxyTable, temporary: string): Promise<void> {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ version, bootId: bootId(), table })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
    await syncFolder(dirname(this.path));
  }
}

function parsedFile(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

// Without it the rename itself may be lost with the power.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
