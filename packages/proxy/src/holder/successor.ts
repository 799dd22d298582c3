import { forkPeer } from "../peer.ts";
import type { ProcessSettings } from "../process-settings.ts";
import type { Entry } from "../source-runtime.ts";
import type { Handover } from "./heritage.ts";
import { isStartReport } from "./start-report.ts";

/** How long the next holder may take until as many of its workers serve as there are to be, ms. */
const defaultWithinMs = 60_000;

export interface SuccessorOptions {
  readonly entry: Entry;
  readonly settings: ProcessSettings;
  readonly listeningFd: number;
  readonly handover: Handover;
  /** Milliseconds; default 60 s. */
  readonly withinMs?: number;
}

/** Starts the next holder beside this one. Resolves when it serves; rejects, with why, once it is gone. */
export function startSuccessor(options: SuccessorOptions): Promise<void> {
  const { entry, settings, listeningFd, handover, withinMs = defaultWithinMs } = options;
  const peer = forkPeer({ entry, settings, listeningFd, detached: true, input: handover });
  return new Promise((resolve, reject) => {
    let why = "";
    const timer = setTimeout(() => {
      why = `it did not serve within ${withinMs / 1_000} s`;
      peer.kill();
    }, withinMs);
    peer.onMessage((message) => {
      if (!isStartReport(message)) return;
      clearTimeout(timer);
      if (message.kind === "ready") resolve();
      else why = message.message;
    });
    peer.onGone((how) => {
      clearTimeout(timer);
      reject(new Error(`the next holder ${why === "" ? how : `did not start: ${why}`}`));
    });
  });
}
