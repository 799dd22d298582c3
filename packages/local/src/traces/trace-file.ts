import { appendFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type App,
  type Decision,
  messageOf,
  type Recorder,
  TraceEncoder,
  type TurnInput,
} from "@hitless/core";

/** A file that has grown beyond this is followed by another one, bytes. */
const mostBytes = 8 * 1024 * 1024;
/** How many files are kept, the present one included. */
const mostFiles = 10;

export interface TraceFileOptions {
  /** Folder of the traces; made when it is missing. */
  readonly folder: string;
  readonly mostBytes?: number;
  /** Called once, when recording ends because a line could not be written. */
  event(text: string): void;
}

/**
 * Records into `<start>.jsonl`, and into the next file when that is full; each file can be replayed
 * by itself. A trace is a help and no state: it is not flushed, and one that cannot be written ends
 * and keeps nobody from deciding.
 */
export class TraceFile implements Recorder {
  readonly #options: TraceFileOptions;
  readonly #start = new Date().toISOString().replaceAll(/[:.]/g, "-");
  #encoder = new TraceEncoder();
  #app: App | null = null;
  #files = 0;
  #bytes = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(options: TraceFileOptions) {
    this.#options = options;
  }

  turn(input: TurnInput, decision: Decision): void {
    this.#write(() => this.#encoder.turn(input, decision));
  }

  saved(app: App, by: string | null): void {
    this.#write(() => this.#encoder.saved(app, by));
    this.#app = app;
  }

  /** Written at once: what a controller decided last before it was killed is what one wants to know. */
  #write(lineOf: () => string): void {
    if (this.#ended) return;
    try {
      if (this.#bytes > (this.#options.mostBytes ?? mostBytes)) this.#begin();
      this.#append(lineOf());
    } catch (thrown) {
      this.#ended = true;
      this.#options.event(`the trace ends, it cannot be written: ${messageOf(thrown)}`);
    }
  }

  #begin(): void {
    const { folder } = this.#options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#files += 1;
    this.#bytes = 0;
    this.#encoder = new TraceEncoder();
    if (this.#app !== null) this.#append(this.#encoder.saved(this.#app, "the file before is full"));
    const old = readdirSync(folder).sort().slice(0, -mostFiles);
    for (const name of old) rmSync(join(folder, name), { force: true });
  }

  #append(line: string): void {
    const part = String(this.#files).padStart(3, "0");
    const path = join(this.#options.folder, `${this.#start}.${part}.jsonl`);
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(line) + 1;
  }
}
