import { addLatency, measured, type RevisionCounts } from "@hitless/core";
import { lookSeconds, watchedBy } from "./metrics.ts";

/** One second of the canary and of stable. `slow`: answers that a fixed window counts as too slow. */
export interface Second {
  readonly second: number;
  readonly canary: RevisionCounts & { readonly slow: number };
  readonly stable: RevisionCounts;
}

/** Something that decides when a canary goes back. */
export interface Watcher {
  /** Looks at one second more; true when the canary goes back at its end. */
  sees(second: Second): boolean;
}

export interface WatcherKind {
  readonly name: string;
  readonly how: string;
  make(): Watcher;
}

/** Share of errors, and of answers slower than the line, from which on a fixed window has failed. */
const fixed = { errors: 0.01, slow: 0.05 };

interface FixedWindow {
  /** How long a window is, and between two looks. */
  readonly everySeconds: number;
  /** So many failed checks in all send it back. */
  readonly failures: number;
  /** Looks between the failure that is one too many and the way back. */
  readonly ticksLater: number;
}

export const watcherKinds: readonly WatcherKind[] = [
  {
    name: "Hitless",
    how: `compared with stable, a look every ${lookSeconds} s, 5 % in 6 parts`,
    make: sequential,
  },
  {
    name: "Flagger, defaults",
    how: "60 s, threshold 1, back at the next tick",
    make: () => fixedWindow({ everySeconds: 60, failures: 1, ticksLater: 1 }),
  },
  {
    name: "Flagger, as in its docs",
    how: "60 s, threshold 5, back at the next tick",
    make: () => fixedWindow({ everySeconds: 60, failures: 5, ticksLater: 1 }),
  },
  {
    name: "Argo Rollouts, defaults",
    how: "failureLimit 0, at 60 s",
    make: () => fixedWindow({ everySeconds: 60, failures: 1, ticksLater: 0 }),
  },
  {
    name: "Argo Rollouts, as in its docs",
    how: "5 min, failureLimit 3",
    make: () => fixedWindow({ everySeconds: 300, failures: 4, ticksLater: 0 }),
  },
];

function sequential(): Watcher {
  const { errors, latency } = watchedBy(6);
  const metrics = [errors, latency];
  // The first look, when the canary gets its first request, says from where to count.
  const first = { kind: "counts", canary: nothing, stable: nothing } as const;
  let states = metrics.map((metric) =>
    measured(metric, null, { sample: first, now: 0, reachedAt: 0 }),
  );
  let [canary, stable] = [nothing, nothing];
  return {
    sees({ second, ...sides }) {
      canary = sum(canary, sides.canary);
      stable = sum(stable, sides.stable);
      if (second % lookSeconds !== 0) return false;
      const at = { sample: { kind: "counts", canary, stable }, now: second, reachedAt: 0 } as const;
      states = metrics.map((metric, i) => measured(metric, states[i] ?? null, at));
      [canary, stable] = [nothing, nothing];
      return states.some(({ verdict }) => verdict === "failed");
    },
  };
}

function fixedWindow({ everySeconds, failures, ticksLater }: FixedWindow): Watcher {
  let window = { requests: 0, errors: 0, slow: 0 };
  let failed = 0;
  let ticksLeft = Number.POSITIVE_INFINITY;
  return {
    sees({ second, canary }) {
      window = {
        requests: window.requests + canary.requests,
        errors: window.errors + canary.errors,
        slow: window.slow + canary.slow,
      };
      if (second === 0 || second % everySeconds !== 0) return false;
      ticksLeft -= 1;
      const { requests, errors, slow } = window;
      if (errors > fixed.errors * requests || slow > fixed.slow * requests) failed += 1;
      if (failed === failures && ticksLeft > ticksLater) ticksLeft = ticksLater;
      window = { requests: 0, errors: 0, slow: 0 };
      return ticksLeft <= 0;
    },
  };
}

const nothing: RevisionCounts = { requests: 0, errors: 0, latency: [] };

function sum(a: RevisionCounts, b: RevisionCounts): RevisionCounts {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    latency: [...addLatency(a.latency, b.latency)],
  };
}
