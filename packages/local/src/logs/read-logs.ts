import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { LogLine, LogQuery } from "@hitless/core";

/** How often followed files are looked at, ms. */
const followMs = 200;
/** A tail looks at no more than this much of each file, bytes. */
const tailBytes = 256 * 1024;

interface LogFile {
  readonly path: string;
  readonly replica: string;
  readonly revision: number;
  readonly start: number;
}

interface Cursor {
  offset: number;
  rest: string;
  /** The first line read begins in its middle. */
  torn: boolean;
}

/**
 * The lines that replicas wrote, file by file, oldest start first; with `follow` also what comes
 * later. One folder per replica, `<revision>-<n>`, one file per start.
 */
export async function* readLogs(
  root: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const cursors = new Map<string, Cursor>();
  const first: LogLine[] = [];
  for (const file of await filesOf(root, query)) {
    if (query.tail !== null) await skipToTail(file, cursors);
    first.push(...(await readNew(file, cursors)));
  }
  yield* query.tail === null ? first : first.slice(-query.tail);
  while (query.follow && !signal.aborted) {
    let silent = true;
    for (const file of await filesOf(root, query)) {
      const lines = await readNew(file, cursors);
      silent &&= lines.length === 0;
      yield* lines;
    }
    if (silent) await pause(signal);
  }
}

async function filesOf(root: string, query: LogQuery): Promise<readonly LogFile[]> {
  const replicas = await readdir(root).catch(() => []);
  const files: LogFile[] = [];
  for (const replica of replicas) {
    const revision = Number.parseInt(replica, 10);
    if (query.replica !== null && query.replica !== replica) continue;
    if (query.revision !== null && query.revision !== revision) continue;
    for (const name of await readdir(join(root, replica)).catch(() => [])) {
      const path = join(root, replica, name);
      files.push({ path, replica, revision, start: Number.parseInt(basename(name), 10) });
    }
  }
  return recentEnough(files, query.since);
}

/** `--since` by file: a file last written before that instant is left out. */
async function recentEnough(
  files: readonly LogFile[],
  since: number | null,
): Promise<readonly LogFile[]> {
  const dated = await Promise.all(
    files.map(async (file) => ({
      file,
      at: (await stat(file.path).catch(() => null))?.mtimeMs ?? 0,
    })),
  );
  return dated
    .filter((d) => since === null || d.at >= since)
    .sort((a, b) => a.at - b.at || a.file.start - b.file.start)
    .map((d) => d.file);
}

/** Begins at the last whole lines of a long file; a torn first line is dropped. */
async function skipToTail(file: LogFile, cursors: Map<string, Cursor>): Promise<void> {
  const size = (await stat(file.path).catch(() => null))?.size ?? 0;
  if (size > tailBytes) cursors.set(file.path, { offset: size - tailBytes, rest: "", torn: true });
}

async function readNew(file: LogFile, cursors: Map<string, Cursor>): Promise<readonly LogLine[]> {
  const cursor = cursors.get(file.path) ?? { offset: 0, rest: "", torn: false };
  cursors.set(file.path, cursor);
  const handle = await open(file.path, "r").catch(() => null);
  if (handle === null) return [];
  try {
    const { size } = await handle.stat();
    if (size <= cursor.offset) return [];
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(size - cursor.offset),
      0,
      size - cursor.offset,
      cursor.offset,
    );
    cursor.offset += bytesRead;
    const pieces = (cursor.rest + buffer.subarray(0, bytesRead).toString("utf8")).split("\n");
    cursor.rest = pieces.pop() ?? "";
    if (cursor.torn && pieces.shift() !== undefined) cursor.torn = false;
    return pieces.map((text) => ({ replica: file.replica, revision: file.revision, text }));
  } finally {
    await handle.close();
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, followMs);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
