import type { IntervalHistogram } from "node:perf_hooks";
import type { Check, CheckSettings } from "./check.ts";

export interface EventLoopCheckOptions extends CheckSettings {
  /** More than this at p99 since the last run fails it. Default 250. */
  readonly limitMs?: number | undefined;
}

const resolutionMs = 10;

/**
 * Whether the event loop turns: how late its timers came since the last run. Informative unless `critical: true`: a
 * replica that is slow under load and is taken away leaves its load to the others, which then are slow.
 */
export function eventLoop({ limitMs = 250, ...settings }: EventLoopCheckOptions = {}): Check {
  let delays: IntervalHistogram | null = null;
  return {
    critical: false,
    ...settings,
    async run() {
      // From the first run on, which has nothing to say yet. Loaded only here, for those that ask it.
      if (delays === null) {
        const { monitorEventLoopDelay } = await import("node:perf_hooks");
        delays = monitorEventLoopDelay({ resolution: resolutionMs });
        delays.enable();
        return;
      }
      const p99Ms = Math.max(0, delays.percentile(99) / 1e6 - resolutionMs);
      delays.reset();
      if (p99Ms <= limitMs) return;
      throw new Error(
        `the event loop came ${Math.round(p99Ms)} ms late (p99); limit ${limitMs} ms`,
      );
    },
  };
}
