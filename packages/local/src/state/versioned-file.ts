import { readdir, rm } from "node:fs/promises";
import { HitlessError, messageOf } from "@hitless/core";
import type { z } from "zod";
import { readIfPresent, writeFilesAtomic } from "./atomic-file.ts";
import { explainDisk } from "./disk-fault.ts";
import { hasErrno } from "./errno.ts";
import { newestSchema, opened, sealed, type Versioned } from "./versioned.ts";

/** Names of the versioned files in a folder that may be missing, also of those that have only a copy. */
export async function versionedIn(folder: string): Promise<readonly string[]> {
  const names = await explainDisk(folder, () => readdir(folder).catch(noNames));
  const base = (name: string) =>
    name.endsWith(copySuffix) ? name.slice(0, -copySuffix.length) : name;
  return [...new Set(names.map(base))].filter((name) => name.endsWith(".json"));
}

/** A value that was read, and what was wrong with the file or its copy, in sentences. */
interface Reading<T> extends Versioned<T> {
  readonly damage: readonly string[];
  /** The file and its copy are not both what `write` would make of the value. */
  readonly worn: boolean;
}

type Copy<T> =
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly reason: string }
  | { readonly kind: "whole"; readonly versioned: Versioned<T> };

/**
 * One value in a file with a copy beside it, `NAME.copy`, both replaced by every write and each
 * with the number of that write. So what breaks one of them, or loses one write of one of them,
 * takes nothing away: the newer of those that are whole is the last complete state.
 *
 * Two versions of one state would not do: the older one may have been acted on already.
 */
export class VersionedFile<T> {
  readonly path: string;
  readonly #shape: z.ZodType<T>;
  #writes: number | null = null;
  #last: Promise<void> = Promise.resolve();

  /** What is read is parsed by `shape`: version 1's too, so what is new since then has its default there. */
  constructor(path: string, shape: z.ZodType<T>) {
    this.path = path;
    this.#shape = shape;
  }

  get copyPath(): string {
    return copyOf(this.path);
  }

  /**
   * The last complete value; null when there is neither file nor copy. Throws STATE_UNREADABLE
   * when nothing of it can be used or a newer Hitless wrote it, NO_PERMISSION.
   */
  async read(): Promise<T | null> {
    return (await this.#examine())?.value ?? null;
  }

  /**
   * Makes file and copy whole again from the newer one, and of this version; says what was wrong.
   * For who alone may write them. Throws as `read` and `write`.
   */
  async mend(): Promise<readonly string[]> {
    const found = await this.#examine();
    if (found?.worn) await this.write(found.value);
    return found?.damage ?? [];
  }

  /** Replaces both; durable when resolved. Throws DISK_FULL, NO_PERMISSION, DISK_FAILED, STATE_UNREADABLE. */
  write(value: T): Promise<void> {
    const written = this.#last.then(() => this.#write(value));
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** The copy first: what is half removed is still what it was. */
  async remove(): Promise<void> {
    await explainDisk(this.path, async () => {
      await rm(this.copyPath, { force: true });
      await rm(this.path, { force: true });
    });
  }

  async #examine(): Promise<Reading<T> | null> {
    // The file first: a write that comes in between makes the copy the newer one.
    const file = await this.#open(this.path);
    const copy = await this.#open(this.copyPath);
    const used = newest(file, copy);
    if (used !== null) {
      this.#writes = Math.max(this.#writes ?? 0, used.writes);
      return { ...used, ...this.#wear(file, copy) };
    }
    if (file.kind === "absent" && copy.kind === "absent") return null;
    throw this.#unreadable(file, copy);
  }

  async #write(value: T): Promise<void> {
    if (this.#writes === null) await this.#examine();
    const writes = (this.#writes ?? 0) + 1;
    const text = sealed(value, writes);
    // Both copies are replaced: what could not be read back would take the state with it.
    const back = opened(Buffer.from(text), this.#shape, this.path);
    if (back.kind === "damaged") throw unwritable(this.path, back.reason);
    // Taken before it is tried: one that fails half way has left it on the disk.
    this.#writes = writes;
    await writeFilesAtomic([this.path, this.copyPath], text);
  }

  async #open(path: string): Promise<Copy<T>> {
    const bytes = await readIfPresent(path).catch(unusable);
    if (bytes === undefined) return { kind: "absent" };
    return bytes instanceof Uint8Array ? opened(bytes, this.#shape, path) : bytes;
  }

  #wear(file: Copy<T>, copy: Copy<T>): Pick<Reading<T>, "damage" | "worn"> {
    const broken = [
      ...(this.#complaint(this.path, file, copy) ?? []),
      ...(this.#complaint(this.copyPath, copy, file) ?? []),
    ];
    const late = writesOf(file) < writesOf(copy) && file.kind === "whole";
    const lost = late ? [`${this.path} lacks its last write, which ${this.copyPath} has`] : [];
    const even = writesOf(file) === writesOf(copy) && writesOf(file) > 0;
    return { damage: [...broken, ...lost], worn: !even };
  }

  #complaint(path: string, of: Copy<T>, other: Copy<T>): readonly string[] | null {
    if (other.kind !== "whole" || of.kind === "whole") return null;
    const twin = path === this.path ? this.copyPath : this.path;
    if (of.kind === "damaged") return [`${path}: ${of.reason}; ${twin} is used`];
    return other.versioned.schema < newestSchema ? null : [`${path} is missing; ${twin} is used`];
  }

  #unreadable(file: Copy<T>, copy: Copy<T>): HitlessError {
    const said = [[this.path, file] as const, [this.copyPath, copy] as const].flatMap(
      ([path, each]) => (each.kind === "damaged" ? [`${path}: ${each.reason}`] : []),
    );
    return new HitlessError("STATE_UNREADABLE", said.join("; "), {
      next: "Restore it from a backup of the folder. Nothing was changed, and what runs goes on serving.",
    });
  }
}

const copySuffix = ".copy";

function copyOf(path: string): string {
  return `${path}${copySuffix}`;
}

/** A sector that cannot be read, or a folder in its place, is damage; a file we may not read is not. */
function unusable(thrown: unknown): Extract<Copy<never>, { kind: "damaged" }> {
  if (thrown instanceof HitlessError && thrown.code === "NO_PERMISSION") throw thrown;
  return { kind: "damaged", reason: messageOf(thrown) };
}

function unwritable(path: string, reason: string): HitlessError {
  return new HitlessError(
    "INTERNAL",
    `${path} is not written: it could not be read back: ${reason}`,
    {
      next: "This is a fault in Hitless. What was saved before is untouched; please report it.",
    },
  );
}

function newest<T>(file: Copy<T>, copy: Copy<T>): Versioned<T> | null {
  if (file.kind !== "whole") return copy.kind === "whole" ? copy.versioned : null;
  return writesOf(copy) > writesOf(file) && copy.kind === "whole" ? copy.versioned : file.versioned;
}

function writesOf(copy: Copy<unknown>): number {
  return copy.kind === "whole" ? copy.versioned.writes : -1;
}

function noNames(error: unknown): string[] {
  if (hasErrno(error, "ENOENT")) return [];
  throw error;
}
