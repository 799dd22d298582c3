/** How long a worker may take from its start to its first acknowledgement, ms. */
const startTimeoutMs = 30_000;
/** How many times within the time to answer it is looked whether the answer came. */
const looks = 10;

/** The part of a worker that is watched. */
export interface Watched {
  /** -1 before it serves. */
  readonly generation: number;
  /** Answered by the worker's event loop; rejects when the worker died. */
  status(): Promise<unknown>;
  kill(): void;
}

/**
 * Kills a worker that leaves a question unanswered for `answerMs` milliseconds, 0: never. Ends by
 * itself when the worker dies. A busy worker answers between two requests; one whose event loop
 * stands still that long serves nobody.
 */
export function watchWorker(worker: Watched, answerMs: number): void {
  if (answerMs === 0) return;
  const lookMs = answerMs / looks;
  let asked = false;
  let silentMs = 0;
  const timer = setInterval(() => {
    if (!asked) {
      asked = true;
      silentMs = 0;
      worker.status().then(
        () => {
          asked = false;
        },
        () => clearInterval(timer),
      );
      return;
    }
    // Looks are counted and not the clock: it runs on while the holder itself is suspended.
    silentMs += lookMs;
    if (silentMs >= (worker.generation < 0 ? startTimeoutMs : answerMs)) worker.kill();
  }, lookMs);
}
