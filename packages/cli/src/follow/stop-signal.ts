import { HitlessError } from "@hitless/core";

/** What ends a wait from outside. */
export interface StopSignal {
  /** Its reason is a STOPPED_WAITING. */
  readonly signal: AbortSignal;
  /** The wait is over: Ctrl-C means again what it meant. */
  end(): void;
}

/** Ctrl-C and the timeout end the waiting, not what is waited for. `timeoutMs` null: no timeout. */
export function stopSignal(timeoutMs: number | null, what: string): StopSignal {
  const stop = new AbortController();
  const stopped = (why: string) => {
    const message = `stopped waiting: ${why}; ${what} goes on`;
    stop.abort(new HitlessError("STOPPED_WAITING", message, { next: "See `hitless status`." }));
  };
  const onInterrupt = () => stopped("interrupted");
  process.once("SIGINT", onInterrupt);
  const over = () => stopped(`${(timeoutMs ?? 0) / 1000} s are over`);
  const timer = timeoutMs === null ? null : setTimeout(over, timeoutMs);
  return {
    signal: stop.signal,
    end: () => {
      process.removeListener("SIGINT", onInterrupt);
      if (timer !== null) clearTimeout(timer);
    },
  };
}
