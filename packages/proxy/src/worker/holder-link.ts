import { LineSocket } from "../line-socket.ts";
import type { Peer } from "../peer.ts";
import { RestartPause } from "../restart-pause.ts";
import {
  type FromWorker,
  type Introduction,
  isToWorker,
  type ToWorker,
} from "./worker-protocol.ts";

const lookAgainMs = 20;
/** How long a worker leaves starting the next holder to the one before it in rank. */
const perRankMs = 1_500;
/** And how long it relies on another one's word that the next holder is being started. */
const othersWordMs = 15_000;
/** How long the next holder may take from its start until it commands this worker: the slowest start. */
const defaultNextWithinMs = 20_000;

export interface HolderLinkOptions {
  /** Where holders wait for workers. */
  readonly path: string;
  /** Before a holder has told it. */
  readonly rank: number;
  /** Who started this worker is there, and about to listen if it does not yet. */
  starterLives(): boolean;
  introduction(): Introduction;
  receive(message: ToWorker): void;
  /** Called again and again while there is no holder, for `forMs` milliseconds by now. */
  orphaned(forMs: number): Promise<void>;
  /** Another worker has started the next holder, and waits for it. */
  anotherStarts(): Promise<boolean>;
  /** Null when this worker cannot. */
  startNext(): Peer | null;
  /** For the next holder, milliseconds; then it is ended, and another one started. Default 20 s. */
  readonly nextWithinMs?: number;
}

/** A worker's end of the connection to whichever holder there is. */
export class HolderLink {
  rank: number;
  readonly #options: HolderLinkOptions;
  readonly #pause = new RestartPause();
  #socket: LineSocket | null = null;
  /** The holder that this worker has started, until there is one. */
  #next: Peer | null = null;
  #since = performance.now();

  constructor(options: HolderLinkOptions) {
    this.#options = options;
    this.rank = options.rank;
  }

  /** It has started the next holder, which does not answer yet. */
  get starting(): boolean {
    return this.#next !== null;
  }

  /** Lost while there is no holder: the next one is told all that counts. */
  tell(message: FromWorker, sent: () => void = () => undefined): void {
    if (this.#socket === null) sent();
    else this.#socket.send(message, sent);
  }

  /** Connects to the holder, and to the next one when that is gone, and so on. */
  async seek(): Promise<void> {
    for (;;) {
      const socket = await this.#connected();
      this.#since = performance.now();
      this.#socket = socket;
      socket.onMessage((message) => {
        if (isToWorker(message)) this.#options.receive(message);
      });
      socket.send(this.#options.introduction());
      await socket.closed;
      this.#socket = null;
    }
  }

  async #connected(): Promise<LineSocket> {
    const began = performance.now();
    let startFrom = began + this.rank * perRankMs + this.#pause.after(began - this.#since);
    for (;;) {
      const socket = await LineSocket.connect(this.#options.path);
      if (socket !== null) return socket;
      if (!this.#options.starterLives()) {
        await this.#options.orphaned(performance.now() - began);
        if (await this.#isDue(began, startFrom)) {
          this.#startNext((pauseMs) => {
            startFrom = performance.now() + pauseMs;
          });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  async #isDue(began: number, startFrom: number): Promise<boolean> {
    const now = performance.now();
    if (this.#next !== null || now < startFrom) return false;
    return now - began > othersWordMs || !(await this.#options.anotherStarts());
  }

  /** That one is the holder: another one that this worker has started comes too late. */
  met(holderPid: number): void {
    if (this.#next !== null && this.#next.pid !== holderPid) this.#next.kill();
    this.#next = null;
  }

  #startNext(ended: (pauseMs: number) => void): void {
    const started = performance.now();
    const next = this.#options.startNext();
    this.#next = next;
    const { nextWithinMs = defaultNextWithinMs } = this.#options;
    const timer = setTimeout(() => {
      if (this.#next === next) next?.kill();
    }, nextWithinMs);
    next?.onGone(() => {
      clearTimeout(timer);
      if (this.#next === next) this.#next = null;
      ended(this.#pause.after(performance.now() - started));
    });
  }
}
