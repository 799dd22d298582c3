import { open, readFile } from "node:fs/promises";

/**
 * An append-only file of JSON lines. A crash can tear the last line only: reading skips what does
 * not parse, appending first ends a torn line.
 */
export class LineLog {
  private readonly path: string;
  private last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Resolves once the line is on disk. Lines keep the order of the calls. */
  append(value: unknown): Promise<void> {
    const written = this.last.then(() => this.write(`${JSON.stringify(value)}\n`));
    this.last = written.catch(() => undefined);
    return written;
  }

  /** All whole lines; none when the file does not exist. */
  async read(): Promise<readonly unknown[]> {
    const text = await readFile(this.path, "utf8").catch((cause: unknown) => {
      if (isMissing(cause)) return "";
      throw cause;
    });
    return text.split("\n").flatMap((line) => {
      const value = parseOrNull(line);
      return value === null ? [] : [value];
    });
  }

  private async write(line: string): Promise<void> {
    const file = await open(this.path, "a+", 0o600);
    try {
      const { size } = await file.stat();
      const torn = size > 0 && (await lastByte(file, size)) !== 0x0a;
      await file.appendFile(torn ? `\n${line}` : line);
      await file.datasync();
    } finally {
      await file.close();
    }
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

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
