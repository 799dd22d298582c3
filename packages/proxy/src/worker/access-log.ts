import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { logLine } from "../log-line.ts";

/** Longest time that a line waits to be written, ms. */
const flushEveryMs = 250;
/** As many bytes are written at once; more are not waited for. */
const flushBytes = 64 * 1024;
/** A disk that does not keep up: what comes beyond that is dropped, bytes. */
const maxWaiting = 4 * 1024 * 1024;
/** A file that grew so long is laid aside, and the oldest of more than so many is removed. */
const maxFileBytes = 64 * 1024 * 1024;
const keptAside = 4;
/** How often it is looked whether the file is still the one of that name, and how long it is; ms. */
const lookEveryMs = 1000;
/** How long leaving waits for a disk that does not answer, ms. */
const closeMs = 1000;
// A pipe that nobody reads would hold a thread of this process for ever, and the process with it at its end.
const appendNow =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

export interface AccessLogOptions {
  readonly path: string;
  readonly maxFileBytes?: number;
  readonly lookEveryMs?: number;
}

/**
 * Lines of one worker in a file that all of them append to: whole lines with each write. Who adds a
 * line never waits: what the disk does not take is dropped, counted, and told in `proxy.log`.
 */
export class AccessLog {
  readonly #options: Required<AccessLogOptions>;
  readonly #timer: NodeJS.Timeout;
  #waiting = "";
  #file: FileHandle | null = null;
  #lookAt = 0;
  #writing: Promise<void> | null = null;
  #dropped = 0;
  /** The last write ended within a line. */
  #torn = false;

  constructor(options: AccessLogOptions) {
    this.#options = { maxFileBytes, lookEveryMs, ...options };
    this.#timer = setInterval(() => this.#flush(), flushEveryMs);
    this.#timer.unref();
  }

  /** Lines that were lost since the last that was written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a line of ASCII characters that brings its end. */
  add(line: string): void {
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= flushBytes) this.#flush();
  }

  /** Resolves when all is written, or the disk does not answer. Adds nothing any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#flush();
    const late = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
    await Promise.race([this.#writing, late]);
    await Promise.race([this.#file?.close().catch(() => undefined), late]);
  }

  #flush(): void {
    if (this.#waiting === "") return;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== "") {
      const lines = this.#waiting;
      this.#waiting = "";
      try {
        const file = await this.#present();
        await this.#append(file, lines);
        this.#told();
      } catch (error) {
        this.#lost(lines, error);
      }
    }
  }

  async #append(file: FileHandle, lines: string): Promise<void> {
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines, "latin1");
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, at);
      at += bytesWritten;
      this.#torn = at < bytes.length;
    }
  }

  /** The file of that name, open: somebody may have moved it, or it has to be laid aside. */
  async #present(): Promise<FileHandle> {
    const now = performance.now();
    if (this.#file !== null && now < this.#lookAt) return this.#file;
    const { path } = this.#options;
    const named = await stat(path).catch(() => null);
    const mine = await this.#file?.stat();
    if (named !== null && named.size >= this.#options.maxFileBytes) {
      await this.#layAside();
    } else if (this.#file !== null && named?.ino === mine?.ino && named?.dev === mine?.dev) {
      this.#lookAt = now + this.#options.lookEveryMs;
      return this.#file;
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    this.#file = await open(path, appendNow, 0o600);
    this.#torn = false;
    this.#lookAt = now + this.#options.lookEveryMs;
    return this.#file;
  }

  // Under a name of its own: of two workers that find it too long at once, the second takes nothing away.
  async #layAside(): Promise<void> {
    const { path } = this.#options;
    await rename(path, `${path}.${Date.now()}`).catch(() => undefined);
    const prefix = `${basename(path)}.`;
    const names = await readdir(dirname(path));
    const aside = names.filter((n) => n.startsWith(prefix) && /^\d+$/.test(n.slice(prefix.length)));
    for (const name of aside.sort().slice(0, -keptAside))
      await rm(join(dirname(path), name), { force: true });
  }

  #lost(lines: string, error: unknown): void {
    if (this.#dropped === 0)
      logLine(`worker ${process.pid}: the access log loses lines: ${String(error)}`);
    for (let at = lines.indexOf("\n"); at >= 0; at = lines.indexOf("\n", at + 1))
      this.#dropped += 1;
  }

  #told(): void {
    if (this.#dropped === 0) return;
    logLine(`worker ${process.pid}: the access log goes on; ${this.#dropped} lines were lost`);
    this.#dropped = 0;
  }
}
