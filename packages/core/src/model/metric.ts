import type { LatencyCounts } from "./latency.ts";

/** What the data plane's own counters are asked for. */
export type Measure =
  /** The share of requests that ended with 5xx, with no answer, or without one for 5 s. */
  | { readonly kind: "errors" }
  /** The latency that `quantile` (0 to 1) of the answers stay below, ms. */
  | { readonly kind: "latency"; readonly quantile: number };

/** Where a metric's figures come from. `{{revision}}` in a text is the number of the canary. */
export type MetricSource =
  /** The data plane's counters of the canary and, for a comparison, of stable. Nothing to set up. */
  | { readonly kind: "proxy"; readonly measure: Measure }
  /** One number by the HTTP API: an instant query. */
  | { readonly kind: "prometheus"; readonly url: string; readonly query: string }
  /** One number in a JSON answer; `path` such as `$.data[0].value`. */
  | { readonly kind: "http"; readonly url: string; readonly path: string }
  /** One number on standard output; exit code 0. A string is run by `/bin/sh -c`. */
  | { readonly kind: "command"; readonly command: string | readonly string[] };

/** What makes a metric good. */
export type Judge =
  /** It stays on the good side of a bound. Of the proxy's: shares from 0 to 1, latencies in ms. */
  | { readonly kind: "threshold"; readonly below: number | null; readonly above: number | null }
  /**
   * The canary is no worse than stable over the same seconds (the proxy's counters only). `effect` is
   * the smallest that matters: a share of requests more (0.005), or a factor on the latency (1.2).
   */
  | { readonly kind: "comparison"; readonly effect: number };

/** One thing to watch while a release holds at a waypoint that gives the canary requests. */
export interface Metric {
  /** Unique in its app file, for people. */
  readonly name: string;
  readonly source: MetricSource;
  readonly judge: Judge;
  /** Between measurements, ms. */
  readonly intervalMs: number;
  /** What comes in this time after the waypoint was reached is not judged, ms. */
  readonly initialDelayMs: number;
  /** How long one measurement may take, ms. */
  readonly timeoutMs: number;
  /** So many measurements that could not be had, one after the other, make the verdict `error`. */
  readonly errorLimit: number;
  /** So many measurements on the wrong side are put up with (sources that give one number). */
  readonly failureLimit: number;
  /** What a verdict of `error` does: `hold` until there is data again, or `fail`. */
  readonly onNoData: "hold" | "fail";
  /**
   * Chance of a false alarm (the proxy's counters), 0.05: in the app file that of all metrics in a
   * whole release, in a plan the part that this metric has at this waypoint.
   */
  readonly falseAlarms: number;
  /** Requests of the canary below which nothing passes, and at which it is decided at last. */
  readonly requests: { readonly least: number; readonly most: number };
}

/** What the data plane counted of one revision; each figure only grows within one epoch. */
export interface RevisionCounts {
  readonly requests: number;
  /** Of these, answered with 5xx or not at all; and those that went without an answer for 5 s. */
  readonly errors: number;
  readonly latency: LatencyCounts;
}

/** The counts of all revisions at one instant. Another epoch: counted anew from 0. */
export interface CountsView {
  readonly epoch: string;
  readonly revisions: Readonly<Record<number, RevisionCounts>>;
}

/** One measurement. */
export type Sample =
  /** What both sides counted since the measurement before; `stable` null when it gets no requests. */
  | {
      readonly kind: "counts";
      readonly canary: RevisionCounts;
      readonly stable: RevisionCounts | null;
    }
  | { readonly kind: "value"; readonly value: number }
  /** It could not be had, or is no number: `reason` says why, in a sentence's end. */
  | { readonly kind: "noData"; readonly reason: string };

/** What the measurements so far say, on one bounded state, whatever their number. */
export interface MetricState {
  /**
   * `successful`: it may pass · `failed`: it is worse than allowed · `inconclusive`: not enough is
   * known yet · `error`: it cannot be measured.
   */
  readonly verdict: "successful" | "failed" | "inconclusive" | "error";
  /** The figures that the verdict rests on, for people. */
  readonly detail: string;
  /** Measurements so far, those without data included. */
  readonly measured: number;
  /** When the next one is due, ms since the epoch. */
  readonly dueAt: number;
  /** When there was data last, ms since the epoch; null: never. */
  readonly dataAt: number | null;
  /** Measurements without data since then. */
  readonly errors: number;
  /** Measurements on the wrong side. */
  readonly failures: number;
  /** The last ones, oldest first; null: no data. At most 10. */
  readonly last: readonly (number | null)[];
  /** What both sides counted in all while it was judged. */
  readonly counted: { readonly canary: SideCount; readonly stable: SideCount };
  /** Of these, the later ones, by which what matters is told; absent: all. */
  readonly recent?: { readonly canary: SideCount; readonly stable: SideCount };
  /** Natural logarithms of the evidence against the canary, one for each alternative; empty at first. */
  readonly evidence: readonly number[];
  /**
   * How much the canary's part of the bad ones strayed in the intervals so far, squared, and how much
   * it would if each came by itself. Absent: nothing was compared yet.
   */
  readonly strayed?: { readonly squared: number; readonly expected: number };
  /** Answers of stable so far: where a comparison of latencies draws its line. */
  readonly reference: LatencyCounts;
  /** The counts up to which it was measured; null before the first look, and of other sources. */
  readonly baseline: CountsView | null;
}

/** What a metric said when its waypoint was left. */
export interface Judged {
  readonly waypoint: string;
  readonly metric: string;
  readonly verdict: MetricState["verdict"];
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Of `total` requests so many were `bad`. */
export interface SideCount {
  readonly total: number;
  readonly bad: number;
}
