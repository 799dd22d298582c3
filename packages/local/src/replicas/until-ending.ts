import type { Exit } from "@hitless/core";

/** Why watching a process came to its end. */
export type Ending =
  | { readonly kind: "exited"; readonly exit: Exit }
  | { readonly kind: "unfit"; readonly because: string }
  | { readonly kind: "stranger"; readonly evidence: string }
  | { readonly kind: "stop" };

export interface Watch {
  /** Resolves with the end of the process; stops looking when the signal aborts. */
  exit(signal: AbortSignal): Promise<Exit>;
  /** Probes the process until the signal aborts, and says when it is given up. */
  probe(end: (ending: Ending) => void, signal: AbortSignal): Promise<void>;
  /** The replica is asked to stop. */
  readonly stopping: AbortSignal;
  /** The replica is left to a successor: the watch rejects. */
  readonly abandoned: AbortSignal;
}

/** Watches a process until it ends, is given up or is asked to stop, whichever is first. */
export async function untilEnding(watch: Watch): Promise<Ending> {
  const { stopping, abandoned } = watch;
  const over = new AbortController();
  const interrupted = AbortSignal.any([stopping, abandoned]);
  try {
    return await new Promise<Ending>((resolve, reject) => {
      const interrupt = (): void => {
        if (abandoned.aborted) reject(abandoned.reason);
        else resolve({ kind: "stop" });
      };
      if (interrupted.aborted) interrupt();
      interrupted.addEventListener("abort", interrupt, { once: true, signal: over.signal });
      watch.exit(over.signal).then((exit) => resolve({ kind: "exited", exit }), reject);
      watch.probe(resolve, AbortSignal.any([interrupted, over.signal])).catch(reject);
    });
  } finally {
    over.abort();
  }
}
