import { closeSync, openSync } from "node:fs";
import { readLinkIfPresent } from "../processes/listeners.ts";

/** How often it is looked at, ms. */
const everyMs = 1000;

/** Notices that a folder was moved, as `mv shop shop2` does. Where the system does not tell, it never does. */
export class FolderWatch implements Disposable {
  readonly #path: string;
  readonly #handle: number;
  readonly #timer: NodeJS.Timeout;

  /** Where the folder is now. */
  get path(): string {
    return this.#movedTo() ?? this.#path;
  }

  /** `moved` is called once. */
  constructor(path: string, moved: () => void) {
    this.#path = path;
    this.#handle = openSync(path, "r");
    this.#timer = setInterval(() => {
      if (this.#movedTo() === null) return;
      clearInterval(this.#timer);
      moved();
    }, everyMs);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    closeSync(this.#handle);
  }

  #movedTo(): string | null {
    const now = readLinkIfPresent(`/proc/self/fd/${this.#handle}`);
    return now === null || now === this.#path || now.endsWith(" (deleted)") ? null : now;
  }
}
