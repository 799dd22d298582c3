export type Timed =
  | { readonly outcome: "done" }
  | { readonly outcome: "failed" | "timedOut"; readonly error: unknown };

/** Runs `task`, and stops waiting after `timeoutMs`: its signal aborts then, whether it listens or not. Never throws. */
export async function withTimeout(
  task: (signal: AbortSignal) => unknown,
  timeoutMs: number,
): Promise<Timed> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Timed>((resolve) => {
    timer = setTimeout(() => {
      const error = new Error(`not done within ${timeoutMs} ms`);
      resolve({ outcome: "timedOut", error });
      over.abort(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([settled(task, over.signal), late]);
  } finally {
    clearTimeout(timer);
  }
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

/** What an error, or whatever else was thrown, says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
