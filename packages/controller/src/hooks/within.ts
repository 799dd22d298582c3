import { setTimeout as delay } from "node:timers/promises";

/** How long something may take, and what ends it sooner. */
export interface Bounds {
  readonly ms: number;
  readonly signal: AbortSignal;
}

/**
 * Does something under a signal that also aborts when the time is over. `AbortSignal.any` would
 * keep what listens at a signal that lives as long as the controller.
 */
export async function within<T>(
  { ms, signal }: Bounds,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T; readonly timedOut: boolean }> {
  const bounded = new AbortController();
  let timedOut = false;
  const end = () => bounded.abort(signal.reason);
  const timer = setTimeout(() => {
    timedOut = true;
    bounded.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
  }, ms);
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    return { value: await work(bounded.signal), timedOut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** Waits, or until `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
