import type { Socket } from "node:net";

/** What a client has to take of its answer, on average, bytes per second. */
const leastPerSecond = 240;

/** How quickly a client takes what waits for it. */
export class ReaderPace {
  /** Since when it has not taken as much as it has to, ms. */
  since: number;
  #taken: number;

  /** `taken`: all that it has taken until now, bytes; `now` in milliseconds. */
  constructor(taken: number, now: number) {
    this.#taken = taken;
    this.since = now;
  }

  /** Whether it took too little for `limitMs`, of which all that was taken meanwhile counts; 0: it may take its time. */
  tooSlow(taken: number, now: number, limitMs: number): boolean {
    if (taken - this.#taken >= (limitMs / 1_000) * leastPerSecond) {
      this.#taken = taken;
      this.since = now;
    }
    return limitMs > 0 && now - this.since >= limitMs;
  }
}

/** How much of what was written to it the system has taken, bytes. A write counts as far as it has come. */
export function bytesTaken(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle === "object" && handle !== null) {
    const written: unknown = Reflect.get(handle, "bytesWritten");
    const queued: unknown = Reflect.get(handle, "writeQueueSize");
    if (typeof written === "number" && typeof queued === "number") return written - queued;
  }
  return socket.bytesWritten - socket.writableLength;
}
