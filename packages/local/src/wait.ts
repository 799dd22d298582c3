import { setTimeout as delay } from "node:timers/promises";
import { steadyNow } from "./steady-time.ts";

export interface WaitOptions {
  readonly everyMs: number;
  /** By `steadyNow`; null: for ever. */
  readonly deadline: number | null;
  readonly signal: AbortSignal;
}

/**
 * Asks again and again until the condition holds (true) or the deadline has passed (false). Rejects
 * with the signal's reason when called off.
 */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  { everyMs, deadline, signal }: WaitOptions,
): Promise<boolean> {
  for (;;) {
    signal.throwIfAborted();
    if (await holds()) return true;
    const leftMs = deadline === null ? everyMs : deadline - steadyNow();
    if (leftMs <= 0) return false;
    await pause(Math.min(everyMs, leftMs), signal);
  }
}

/** Waits; rejects with the signal's reason when called off. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Waits; returns early when called off. */
export async function pauseOrEnd(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
