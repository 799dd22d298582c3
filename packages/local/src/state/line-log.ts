import { open, readFile, rename } from "node:fs/promises";
import { failpoint } from "@hitless/core";
import { hasErrno } from "./atomic-file.ts";

/**
 * An append-only file of JSON lines. A crash can tear the last line only: reading skips what does
 * not parse, appending first ends a torn line.
 */
export class LineLog {
  private readonly path: string;
  private readonly mostBytes: number;
  private last: Promise<void> = Promise.resolve();

  /** Beyond `mostBytes` the file becomes `<path>.1`, and the one of that name is forgotten. */
  constructor(path: string, mostBytes = Number.POSITIVE_INFINITY) {
    this.path = path;
    this.mostBytes = mostBytes;
  }

  /** Resolves once the line is on disk. Lines keep the order of the calls. */
  append(value: unknown): Promise<void> {
    const written = this.last.then(() => this.write(`${JSON.stringify(value)}\n`));
    this.last = written.catch(() => undefined);
    return written;
  }

  /** All whole lines that are kept, oldest first; none when there is no file. */
  async read(): Promise<readonly unknown[]> {
    return (await this.examine()).values;
  }

  /** Like `read`, and says what was left out. */
  async examine(): Promise<{ values: readonly unknown[]; damage: readonly string[] }> {
    const values: unknown[] = [];
    const damage: string[] = [];
    for (const path of [`${this.path}.1`, this.path]) {
      const lines = (await textOf(path)).split("\n");
      for (const [index, line] of lines.entries()) {
        if (line === "") continue;
        const value = parseOrNull(line);
        if (value === null) damage.push(`${path}: line ${index + 1} is left out: no whole line`);
        else values.push(value);
      }
    }
    return { values, damage };
  }

  private async write(line: string): Promise<void> {
    await failpoint("line-due");
    const file = await open(this.path, "a+", 0o600);
    try {
      const { size } = await file.stat();
      const torn = size > 0 && (await lastByte(file, size)) !== 0x0a;
      await file.appendFile(torn ? `\n${line}` : line);
      await file.datasync();
      await failpoint("line-appended");
      if (size + line.length > this.mostBytes) await rename(this.path, `${this.path}.1`);
    } finally {
      await file.close();
    }
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (hasErrno(cause, "ENOENT")) return "";
    throw cause;
  }
}

function parseOrNull(line: string): unknown {
  if (line === "") return null;
  try {
    return JSON.parse(line);
  } catch {
    // A torn line: the crash that tore it lost one entry, not the file.
    return null;
  }
}

async function lastByte(file: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] ?? 0;
}
