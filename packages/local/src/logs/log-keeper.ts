import { appendFile, open, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@hitless/core";
import { indexOf, LogIndexer } from "./log-index.ts";
import { receiptFileOf } from "./receipt-file.ts";

/** How much a start may have written before its log is cut to its end, bytes. */
const mostBytes = 64 * 1024 * 1024;
/** What stays of a log that is cut, bytes. */
const keptBytes = 1024 * 1024;
/** Logs kept of replicas that are gone, and starts kept of one replica. */
const mostReplicas = 200;
const mostStarts = 20;
/** How often lengths are noted, and so how exact `--since` is, ms. */
const everyMs = 1000;
/** Looks between two rounds of tidying. */
const tidyEvery = 5;

export interface LogKeeperOptions {
  /** One folder per replica, one file per start. */
  readonly root: string;
  /** Replicas that exist; their folders are never removed. */
  living(): ReadonlySet<string>;
  /** Logs that replicas write now. */
  written(): readonly string[];
  event(text: string): void;
}

/**
 * Keeps logs within bounds. A log that grew too long is cut to its last megabyte: its process holds
 * it open for appending and writes on at the new end; what it writes during the cut may be lost.
 */
export class LogKeeper implements Disposable {
  private readonly options: LogKeeperOptions;
  private readonly timer: NodeJS.Timeout;
  private readonly indexer = new LogIndexer();
  private busy = false;
  private looks = 0;
  private trouble = "";

  constructor(options: LogKeeperOptions) {
    this.options = options;
    this.timer = setInterval(() => {
      this.looks += 1;
      void (this.looks % tidyEvery === 0 ? this.tidy() : this.look());
    }, everyMs);
    this.timer.unref();
  }

  /** Notes how long the logs are that are written now. */
  look(): Promise<void> {
    return this.alone("indexed", () => this.indexer.look(this.options.written()));
  }

  /** One round: cut what is too long, remove what nobody can ask for any more. */
  tidy(limit = mostBytes): Promise<void> {
    return this.alone("tidied", async () => {
      const { root } = this.options;
      await this.indexer.look(this.options.written());
      const replicas = await readdir(root);
      for (const replica of replicas) await this.tidyReplica(join(root, replica), limit);
      for (const replica of this.goneTooLong(replicas)) {
        await rm(join(root, replica), { recursive: true, force: true });
      }
    });
  }

  /** A log is never looked at while it is cut. The same trouble, every second, is told once. */
  private async alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await work();
      this.trouble = "";
    } catch (thrown) {
      const text = `logs cannot be ${what}: ${messageOf(thrown)}`;
      if (text !== this.trouble) this.options.event(text);
      this.trouble = text;
    } finally {
      this.busy = false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private async tidyReplica(dir: string, limit: number): Promise<void> {
    const logs = (await readdir(dir)).filter((name) => name.endsWith(".log"));
    const paths = logs.sort((a, b) => numberOf(a) - numberOf(b)).map((name) => join(dir, name));
    for (const old of paths.slice(0, -mostStarts)) {
      // The index first: one without its log would never be found again.
      await rm(indexOf(old), { force: true });
      await rm(receiptFileOf(old), { force: true });
      await rm(old, { force: true });
    }
    for (const path of paths.slice(-mostStarts)) {
      const { size } = await stat(path);
      if (size > limit) await this.indexer.cutWith(path, () => cutToEnd(path, size));
    }
  }

  private goneTooLong(replicas: readonly string[]): readonly string[] {
    const living = this.options.living();
    const gone = replicas.filter((r) => !living.has(r)).sort((a, b) => numberOf(a) - numberOf(b));
    return gone.slice(0, -mostReplicas);
  }
}

/** Returns how many bytes went. */
async function cutToEnd(path: string, size: number): Promise<number> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(keptBytes),
      0,
      keptBytes,
      size - keptBytes,
    );
    const end = buffer.subarray(0, bytesRead);
    const whole = end.subarray(end.indexOf(0x0a) + 1);
    await truncate(path, 0);
    await appendFile(path, whole);
    return size - whole.length;
  } finally {
    await handle.close();
  }
}

/** Replica `12-345` and log `3.log` by their last number. */
function numberOf(name: string): number {
  return Number(/(\d+)(?:\.log)?$/.exec(name)?.[1] ?? 0);
}
