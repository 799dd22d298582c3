import { messageOf } from "@hitless/core";
/** What one question of a probe came to. A target that fails is a result, never an exception. */
export interface ProbeResult {
  readonly ok: boolean;
  /** What was seen, for people: `GET /ready → 503 "starting"`. */
  readonly evidence: string;
}

/** How long one question may take, and what calls it off. */
export interface ProbeLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Begins a question and takes its first answer. When the time is over, or it is called off, or it
 * was answered, what `begin` returned ends it.
 */
export function firstAnswer(
  { timeoutMs, signal }: ProbeLimits,
  begin: (answer: (result: ProbeResult) => void) => () => void,
): Promise<ProbeResult> {
  if (signal.aborted) return Promise.resolve({ ok: false, evidence: "called off" });
  return new Promise((resolve) => {
    const settle = (result: ProbeResult): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", callOff);
      resolve(result);
      // An answer may arrive before `begin` has returned.
      queueMicrotask(() => end());
    };
    const callOff = (): void => settle({ ok: false, evidence: "called off" });
    const timer = setTimeout(
      () => settle({ ok: false, evidence: `no answer within ${timeoutMs} ms` }),
      timeoutMs,
    );
    signal.addEventListener("abort", callOff, { once: true });
    let end = (): void => {};
    try {
      end = begin(settle);
    } catch (error) {
      settle({ ok: false, evidence: messageOf(error) });
    }
  });
}

/** The first 80 characters of what a target said, on one line and in quotes; empty for nothing. */
export function quote(said: string): string {
  const line = said.replace(/\s+/g, " ").trim().slice(0, 80);
  return line === "" ? "" : ` "${line}"`;
}
