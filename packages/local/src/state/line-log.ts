import { open, rename, stat } from "node:fs/promises";
import { failpoint } from "@hitless/core";
import type { z } from "zod";
import { readIfPresent } from "./atomic-file.ts";
import { explainDisk } from "./disk-fault.ts";
import { hasErrno } from "./errno.ts";
import { opened, sealed } from "./versioned.ts";

/** The lines that could be read, and what was wrong with the others, in sentences. */
export interface Lines<T> {
  readonly values: readonly T[];
  readonly damage: readonly string[];
}

/**
 * An append-only file of versioned JSON lines. A crash can tear the last line only; reading leaves
 * out whatever cannot be read and says so, appending first ends a torn line.
 */
export class LineLog<T> {
  private readonly path: string;
  private readonly shape: z.ZodType<T>;
  private readonly mostBytes: number;
  private last: Promise<void> = Promise.resolve();

  /** Beyond `mostBytes` the file becomes `<path>.1`, and the one of that name is forgotten. */
  constructor(path: string, shape: z.ZodType<T>, mostBytes = Number.POSITIVE_INFINITY) {
    this.path = path;
    this.shape = shape;
    this.mostBytes = mostBytes;
  }

  /** Resolves once the line is on disk. Lines keep the order of the calls. Throws DISK_FULL, NO_PERMISSION. */
  append(value: T): Promise<void> {
    const written = this.last.then(() => explainDisk(this.path, () => this.write(sealed(value))));
    this.last = written.catch(() => undefined);
    return written;
  }

  /** All lines that can be read, oldest first; none when there is no file. Throws as `examine`. */
  async read(): Promise<readonly T[]> {
    return (await this.examine()).values;
  }

  /** Like `read`, and says what was left out. Throws STATE_UNREADABLE for a newer line, NO_PERMISSION. */
  async examine(): Promise<Lines<T>> {
    for (;;) {
      const before = await inodeOf(this.path);
      const older = await this.linesOf(`${this.path}.1`);
      const newer = await this.linesOf(this.path);
      // Else the file became the older one in between, and its lines are in neither reading.
      if ((await inodeOf(this.path)) !== before) continue;
      return {
        values: [...older.values, ...newer.values],
        damage: [...older.damage, ...newer.damage],
      };
    }
  }

  private async linesOf(path: string): Promise<Lines<T>> {
    const bytes = await readIfPresent(path);
    if (bytes === undefined) return { values: [], damage: [] };
    const values: T[] = [];
    const damage: string[] = [];
    const lines = split(bytes);
    for (const [index, line] of lines.entries()) {
      if (line.length === 0) continue;
      const where = `${path}: line ${index + 1}`;
      const found = opened(line, this.shape, where);
      if (found.kind === "whole") values.push(found.versioned.value);
      else damage.push(`${where} of ${lines.length} is left out: ${found.reason}`);
    }
    return { values, damage };
  }

  private async write(line: string): Promise<void> {
    await failpoint("line-due");
    const file = await open(this.path, "a+", 0o600);
    try {
      const { size } = await file.stat();
      const torn = size > 0 && (await lastByte(file, size)) !== newline;
      await file.appendFile(torn ? `\n${line}` : line);
      await file.datasync();
      await failpoint("line-appended");
      if (size + line.length > this.mostBytes) await rename(this.path, `${this.path}.1`);
    } finally {
      await file.close();
    }
  }
}

const newline = 0x0a;

/** Null when there is no such file. */
async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
  } catch (cause) {
    if (hasErrno(cause, "ENOENT")) return null;
    throw cause;
  }
}

/** What follows the last newline counts when there is anything. */
function split(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return from < bytes.length ? [...lines, bytes.subarray(from)] : lines;
}

async function lastByte(file: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] ?? 0;
}
