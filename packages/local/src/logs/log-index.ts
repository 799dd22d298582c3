import { appendFile, type FileHandle, open, rm, stat, writeFile } from "node:fs/promises";

/** An instant, epoch ms, and how long the log was then, bytes: what stands behind came later. */
interface Mark {
  readonly at: number;
  readonly offset: number;
}

const markBytes = 16;

/** The index of a log, beside it. */
export function indexOf(log: string): string {
  return `${log}.idx`;
}

/**
 * Notes how long logs are, so that one can begin to read them at an instant. Replicas write their
 * logs themselves: all that can be known is the length at each look, so that an answer may hold a
 * little too much, never too little. A clock that went back stops it until it has caught up.
 */
export class LogIndexer {
  private readonly last = new Map<string, Mark>();

  /** One look at the logs that are written now. */
  async look(logs: readonly string[]): Promise<void> {
    for (const log of this.last.keys()) if (!logs.includes(log)) this.last.delete(log);
    for (const log of logs) await this.note(log);
  }

  /** The log lost so many bytes at its front, by `cut`. A crash in between leaves it without an index. */
  async cutWith(log: string, cut: () => Promise<number>): Promise<void> {
    const marks = await marksOf(log);
    this.last.delete(log);
    await rm(indexOf(log), { force: true });
    const removed = await cut();
    const before = marks.findLast((mark) => mark.offset <= removed);
    const left = marks.filter((mark) => mark.offset > removed);
    const moved = left.map(({ at, offset }) => ({ at, offset: offset - removed }));
    await write(log, before === undefined ? moved : [{ at: before.at, offset: 0 }, ...moved]);
  }

  private async note(log: string): Promise<void> {
    // Before the length is taken: what comes behind it was written after this.
    const at = Date.now();
    const size = await sizeOf(log);
    if (size === null) return;
    const last = this.last.get(log) ?? (await lastMark(log));
    if (last !== null && size < last.offset) {
      // Somebody else cut it.
      await write(log, [{ at: last.at, offset: 0 }]);
      this.last.set(log, { at: last.at, offset: 0 });
      return;
    }
    if (last !== null) this.last.set(log, last);
    if (size === (last?.offset ?? 0) || at <= (last?.at ?? 0)) return;
    await appendFile(indexOf(log), bytesOf([{ at, offset: size }]), { mode: 0o600 });
    this.last.set(log, { at, offset: size });
  }
}

/**
 * Where to begin to read a log of `size` bytes, to see all that was written since an instant: the
 * begin of a line, at or before the first such byte. 0 when nothing is known of that time.
 */
export async function offsetSince(log: string, size: number, since: number): Promise<number> {
  const handle = await open(indexOf(log), "r").catch(() => null);
  if (handle === null) return 0;
  try {
    const mark = await lastBefore(handle, since);
    // One that is behind the end is of before the log was cut.
    if (mark === null || mark.offset > size) return 0;
    return await beginOfLine(log, mark.offset);
  } finally {
    await handle.close();
  }
}

/** The last mark that is not after the instant. */
async function lastBefore(handle: FileHandle, since: number): Promise<Mark | null> {
  let found: Mark | null = null;
  let low = 0;
  let high = Math.floor((await handle.stat()).size / markBytes);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const mark = await markAt(handle, middle);
    if (mark === null || mark.at > since) {
      high = middle;
    } else {
      found = mark;
      low = middle + 1;
    }
  }
  return found;
}

async function markAt(handle: FileHandle, index: number): Promise<Mark | null> {
  const { buffer, bytesRead } = await handle.read(
    Buffer.alloc(markBytes),
    0,
    markBytes,
    index * markBytes,
  );
  return bytesRead < markBytes ? null : markOf(buffer);
}

/** Furthest that the begin of a line is looked for, bytes; a longer line begins in its middle. */
const lookBackBytes = 64 * 1024;

async function beginOfLine(log: string, offset: number): Promise<number> {
  const from = Math.max(0, offset - lookBackBytes);
  const handle = await open(log, "r");
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(offset - from),
      0,
      offset - from,
      from,
    );
    const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    return end === -1 ? from : from + end + 1;
  } finally {
    await handle.close();
  }
}

async function lastMark(log: string): Promise<Mark | null> {
  return (await marksOf(log)).at(-1) ?? null;
}

async function marksOf(log: string): Promise<readonly Mark[]> {
  const handle = await open(indexOf(log), "r").catch(() => null);
  if (handle === null) return [];
  try {
    const bytes = await handle.readFile();
    const count = Math.floor(bytes.length / markBytes);
    return Array.from({ length: count }, (_, n) => markOf(bytes.subarray(n * markBytes)));
  } finally {
    await handle.close();
  }
}

function write(log: string, marks: readonly Mark[]): Promise<void> {
  return writeFile(indexOf(log), bytesOf(marks), { mode: 0o600 });
}

function bytesOf(marks: readonly Mark[]): Buffer {
  const bytes = Buffer.alloc(marks.length * markBytes);
  marks.forEach(({ at, offset }, index) => {
    bytes.writeDoubleLE(at, index * markBytes);
    bytes.writeDoubleLE(offset, index * markBytes + 8);
  });
  return bytes;
}

function markOf(bytes: Buffer): Mark {
  return { at: bytes.readDoubleLE(0), offset: bytes.readDoubleLE(8) };
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}
