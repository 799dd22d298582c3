import type { WorkerState } from "../control-protocol.ts";
import { logLine } from "../log-line.ts";

/** So many in a row that ended before they served are no accident. */
const accidents = 3;

/** How the starts of workers went. */
export class WorkerStarts {
  #failedStarts = 0;
  #lastFailure = "";

  get state(): Omit<WorkerState, "serves"> {
    return { failedStarts: this.#failedStarts, lastFailure: this.#lastFailure };
  }

  /** Whoever waits for a worker is better told why there is none. */
  get keepFailing(): boolean {
    return this.#failedStarts >= accidents;
  }

  served(): void {
    this.#failedStarts = 0;
    this.#lastFailure = "";
  }

  failed(pid: number, how: string): void {
    this.#failedStarts += 1;
    const text = pid === 0 ? `a worker ${how}` : `worker ${pid} ${how} before it served`;
    this.#lastFailure = text;
    logLine(`holder ${process.pid}: ${text}, ${this.#failedStarts} in a row`);
  }
}
