import { appendFile, open, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";

/** How much a start may have written before its log is cut to its end, bytes. */
const mostBytes = 64 * 1024 * 1024;
/** What stays of a log that is cut, bytes. */
const keptBytes = 1024 * 1024;
/** Logs kept of replicas that are gone, and starts kept of one replica. */
const mostReplicas = 200;
const mostStarts = 20;
const everyMs = 5000;

export interface LogKeeperOptions {
  /** One folder per replica, one file per start. */
  readonly root: string;
  /** Replicas that exist; their folders are never removed. */
  living(): ReadonlySet<string>;
  event(text: string): void;
}

/**
 * Keeps logs within bounds. A log that grew too long is cut to its last megabyte: its process holds
 * it open for appending and writes on at the new end; what it writes during the cut may be lost.
 */
export class LogKeeper implements Disposable {
  private readonly options: LogKeeperOptions;
  private readonly timer: NodeJS.Timeout;
  private busy = false;

  constructor(options: LogKeeperOptions) {
    this.options = options;
    this.timer = setInterval(() => void this.tidy(), everyMs);
    this.timer.unref();
  }

  /** One round: cut what is too long, remove what nobody can ask for any more. */
  async tidy(limit = mostBytes): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const { root } = this.options;
      const replicas = await readdir(root);
      for (const replica of replicas) await this.tidyReplica(join(root, replica), limit);
      for (const replica of this.goneTooLong(replicas)) {
        await rm(join(root, replica), { recursive: true, force: true });
      }
    } catch (thrown) {
      this.options.event(`logs cannot be tidied: ${String(thrown)}`);
    } finally {
      this.busy = false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private async tidyReplica(dir: string, limit: number): Promise<void> {
    const files = (await readdir(dir)).sort((a, b) => numberOf(a) - numberOf(b));
    for (const old of files.slice(0, -mostStarts)) await rm(join(dir, old), { force: true });
    for (const file of files.slice(-mostStarts)) {
      const path = join(dir, file);
      const { size } = await stat(path);
      if (size > limit) await cutToEnd(path, size);
    }
  }

  private goneTooLong(replicas: readonly string[]): readonly string[] {
    const living = this.options.living();
    const gone = replicas.filter((r) => !living.has(r)).sort((a, b) => numberOf(a) - numberOf(b));
    return gone.slice(0, -mostReplicas);
  }
}

async function cutToEnd(path: string, size: number): Promise<void> {
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
  } finally {
    await handle.close();
  }
}

/** Replica `12-345` and log `3.log` by their last number. */
function numberOf(name: string): number {
  return Number(/(\d+)(?:\.log)?$/.exec(name)?.[1] ?? 0);
}
