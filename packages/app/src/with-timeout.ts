export type Timed =
  | { readonly outcome: "done" }
  | { readonly outcome: "failed" | "timedOut"; readonly error: unknown };

/** A timer that fires later than this found the event loop blocked. */
const blockedMs = 50;

/**
 * Runs `task`, and stops waiting after `timeoutMs` or when `stop` aborts: its signal aborts then, whether it listens
 * or not. Where the event loop was blocked at that time, it waits as long again, at most `timeoutMs`: what the task waits
 * for may be there, unread. Never throws.
 */
export async function withTimeout(
  task: (signal: AbortSignal) => unknown,
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<Timed> {
  const over = new AbortController();
  let cancel = () => {};
  const ended = new Promise<Timed>((resolve) => {
    const end = (outcome: "failed" | "timedOut", error: unknown) => {
      resolve({ outcome, error });
      over.abort(error);
    };
    const late = () => end("timedOut", new Error(`not done within ${timeoutMs} ms`));
    const stopped = () => end("failed", stop?.reason);
    const cancelTimer = afterTurning(timeoutMs, late);
    cancel = () => {
      cancelTimer();
      stop?.removeEventListener("abort", stopped);
    };
    if (stop?.aborted === true) stopped();
    else stop?.addEventListener("abort", stopped);
  });
  try {
    return await Promise.race([settled(task, over.signal), ended]);
  } finally {
    cancel();
  }
}

/** Returns how to cancel it. */
function afterTurning(ms: number, then: () => void): () => void {
  const due = performance.now() + ms;
  let timer = setTimeout(() => {
    const late = performance.now() - due;
    if (late > blockedMs) timer = setTimeout(then, Math.min(late, ms));
    else then();
  }, ms);
  return () => clearTimeout(timer);
}

async function settled(
  task: (signal: AbortSignal) => unknown,
  signal: AbortSignal,
): Promise<Timed> {
  try {
    await task(signal);
    return { outcome: "done" };
  } catch (error) {
    return { outcome: "failed", error };
  }
}
