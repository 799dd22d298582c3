import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { LogLine, LogQuery } from "@hitless/core";
import { pauseOrEnd } from "../wait.ts";
import { offsetSince } from "./log-index.ts";

/** How often followed files are looked at, ms. */
const followMs = 200;
/** Read at once, and the most that a tail looks at of each file, bytes. */
const readBytes = 256 * 1024;
/** A longer line is given in pieces of about this many characters. */
const longestLine = 1024 * 1024;

interface LogName {
  readonly path: string;
  readonly replica: string;
  readonly revision: number;
  readonly start: number;
}

interface LogFile extends LogName {
  /** Bytes, when it was found. */
  readonly size: number;
}

/** Up to where a file was read. */
interface Cursor {
  offset: number;
  /** The begin of a line whose end is not written yet. */
  rest: string;
  /** Keeps the bytes of a letter that is not complete yet. */
  decoder: StringDecoder;
  /** The first line read begins in its middle. */
  torn: boolean;
}

/** How far the files of a query were read. */
interface Reading {
  readonly since: number | null;
  readonly cursors: Map<string, Cursor>;
  readonly signal: AbortSignal;
}

/**
 * The lines that replicas wrote, file by file, oldest start first; with `tail` only the last ones of
 * each replica, over all of its starts; with `follow` also what comes later. One folder per replica,
 * `<revision>-<n>`, one file per start. `since` is exact to about a second; where nobody noted the
 * time, more is given. A file that became shorter was cut and is read again from its beginning.
 */
export async function* readLogs(
  root: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const reading: Reading = { since: query.since, cursors: new Map(), signal };
  const files = await filesOf(root, query);
  if (query.tail === null) {
    yield* newLines(files, reading);
  } else {
    for (const file of files) await skipToTail(file, reading);
    yield* await lastOfEach(newLines(files, reading), query.tail);
  }
  while (query.follow && !signal.aborted) {
    let silent = true;
    for await (const line of newLines(await filesOf(root, query), reading)) {
      silent = false;
      yield line;
    }
    if (silent) await pauseOrEnd(followMs, signal);
  }
}

async function filesOf(root: string, query: LogQuery): Promise<readonly LogFile[]> {
  const replicas = await readdir(root).catch(() => []);
  const files: LogName[] = [];
  for (const replica of replicas) {
    const revision = Number.parseInt(replica, 10);
    if (query.replica !== null && query.replica !== replica) continue;
    if (query.revision !== null && query.revision !== revision) continue;
    for (const name of await readdir(join(root, replica)).catch(() => [])) {
      if (!name.endsWith(".log")) continue;
      const path = join(root, replica, name);
      files.push({ path, replica, revision, start: Number.parseInt(basename(name), 10) });
    }
  }
  return recentEnough(files, query.since);
}

/** A file last written before `since` is left out. */
async function recentEnough(
  names: readonly LogName[],
  since: number | null,
): Promise<readonly LogFile[]> {
  const dated = await Promise.all(
    names.map(async (name) => {
      const found = await stat(name.path).catch(() => null);
      return { file: { ...name, size: found?.size ?? 0 }, at: found?.mtimeMs ?? 0 };
    }),
  );
  return dated
    .filter((d) => since === null || d.at >= since)
    .sort((a, b) => a.at - b.at || a.file.start - b.file.start)
    .map((d) => d.file);
}

/** Begins at the last whole lines of a long file; a torn first line is dropped. */
async function skipToTail(file: LogFile, reading: Reading): Promise<void> {
  const cursor = await firstCursor(file, reading);
  const tail = file.size - readBytes;
  reading.cursors.set(file.path, cursor.offset < tail ? cursorAt(tail, true) : cursor);
}

async function firstCursor(file: LogFile, { since }: Reading): Promise<Cursor> {
  return cursorAt(since === null ? 0 : await offsetSince(file.path, file.size, since), false);
}

function cursorAt(offset: number, torn: boolean): Cursor {
  return { offset, rest: "", decoder: new StringDecoder("utf8"), torn };
}

/** The last `count` lines of each replica, of which not many more are held at any time. */
async function lastOfEach(
  lines: AsyncIterable<LogLine>,
  count: number,
): Promise<readonly LogLine[]> {
  const last = new Map<string, LogLine[]>();
  for await (const line of lines) {
    const own = last.get(line.replica) ?? [];
    own.push(line);
    last.set(line.replica, own.length > 2 * count ? lastFew(own, count) : own);
  }
  return [...last.values()].flatMap((own) => lastFew(own, count));
}

function lastFew(lines: LogLine[], count: number): LogLine[] {
  return lines.slice(Math.max(0, lines.length - count));
}

async function* newLines(files: readonly LogFile[], reading: Reading): AsyncGenerator<LogLine> {
  for (const file of files) {
    let cursor = reading.cursors.get(file.path) ?? (await firstCursor(file, reading));
    if (file.size < cursor.offset) cursor = cursorAt(0, false);
    reading.cursors.set(file.path, cursor);
    for await (const text of newTexts(file, cursor, reading.signal)) {
      yield { replica: file.replica, revision: file.revision, text };
    }
  }
}

/** Ends at the size that the file had when it was found: one that grows fast keeps no other waiting. */
async function* newTexts(
  file: LogFile,
  cursor: Cursor,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (file.size <= cursor.offset) return;
  const handle = await open(file.path, "r").catch(() => null);
  if (handle === null) return;
  try {
    const buffer = Buffer.alloc(Math.min(readBytes, file.size - cursor.offset));
    while (cursor.offset < file.size && !signal.aborted) {
      const lines = await nextLines(handle, cursor, buffer);
      if (lines === null) return;
      yield* lines;
    }
  } finally {
    await handle.close();
  }
}

/** The lines that end within the next piece of the file; null at its end. */
async function nextLines(
  handle: FileHandle,
  cursor: Cursor,
  buffer: Buffer,
): Promise<readonly string[] | null> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, cursor.offset);
  if (bytesRead === 0) return null;
  cursor.offset += bytesRead;
  const lines = cursor.decoder.write(buffer.subarray(0, bytesRead)).split("\n");
  // Joined with its first line only: a long line is not searched again with every piece.
  lines[0] = cursor.rest + (lines[0] ?? "");
  cursor.rest = lines.pop() ?? "";
  if (cursor.rest.length > longestLine) {
    lines.push(cursor.rest);
    cursor.rest = "";
  }
  if (cursor.torn && lines.shift() !== undefined) cursor.torn = false;
  return lines;
}
