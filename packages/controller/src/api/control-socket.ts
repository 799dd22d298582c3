import { chmod, rm, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { messageOf } from "@hitless/core";

/** How often it is looked at whether the socket's file is still there, ms. */
const everyMs = 1000;

export interface ControlSocketOptions {
  readonly path: string;
  /** Makes the folder of the socket, when that was removed with it. */
  prepare(): Promise<void>;
  /** A sentence for `hitless events`. */
  event(text: string): void;
}

/**
 * A server on a unix socket of its owner, that listens again when the socket's file is gone:
 * `$XDG_RUNTIME_DIR` is removed when its user logs out.
 */
export class ControlSocket {
  readonly #server: Server;
  readonly #options: ControlSocketOptions;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  #inode = 0;
  #told = "";

  constructor(server: Server, options: ControlSocketOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Resolves once it listens. */
  async open(): Promise<void> {
    await this.#listen();
    this.#look();
  }

  /** Ends every connection; resolves when nobody is served any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #look(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#mend().finally(() => this.#look()), everyMs);
    this.#timer.unref();
  }

  async #mend(): Promise<void> {
    const { path, event } = this.#options;
    if ((await stat(path).catch(() => null))?.ino === this.#inode) return;
    try {
      await this.#options.prepare();
      if (this.#closed) return;
      this.#server.close();
      await this.#listen();
      this.#told = "";
      event(`the control socket ${path} was gone, and is there again`);
    } catch (thrown) {
      const text = `the control socket ${path} is gone and cannot be made again: ${messageOf(thrown)}`;
      if (text !== this.#told) event(text);
      this.#told = text;
    }
  }

  async #listen(): Promise<void> {
    const { path } = this.#options;
    await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    await chmod(path, 0o600);
    this.#inode = (await stat(path)).ino;
  }
}
