import type { HookResult } from "../model/hook.ts";
import type { Metric, Sample } from "../model/metric.ts";
import type { Mutation } from "../model/mutation.ts";
import type { NoticeKind, Notification } from "../model/notification.ts";
import type { SchemaPhase } from "../model/waypoint.ts";

/** Resolves a secret's name to its value when a replica starts; the value is never stored. */
export interface SecretSource {
  /** Undefined when this source does not hold the name. */
  read(name: string): Promise<string | undefined>;
}

/** Runs the phases of a migration (DESIGN §7). */
export interface Migrator {
  run(phase: SchemaPhase, signal: AbortSignal): Promise<void>;
  /** The last step that is in force. */
  step(signal: AbortSignal): Promise<number>;
}

/** Runs the hooks of a release. */
export interface HookRunner {
  /** One attempt after the other, each within the hook's own time. Never throws. */
  run(order: HookOrder, signal: AbortSignal): Promise<HookResult>;
}

/** A hook to run; `key` is the same however often it is run. */
export type HookOrder = Omit<Extract<Mutation, { kind: "hook" }>, "kind">;

/** Measures a revision for the metrics of a release. */
export interface MetricsSource {
  /** Never throws: what cannot be had is `noData`. */
  measure(metric: Metric, revision: number, signal: AbortSignal): Promise<Sample>;
  /**
   * What is wrong with the metric as it is declared; null: nothing. For `plan`. It is tried on a
   * revision that runs; null: none does. Never throws.
   */
  check(
    metric: Metric,
    revision: number | null,
    signal: AbortSignal,
  ): Promise<MetricProblem | null>;
}

/** Why a metric will not do, or may not: the end of a sentence about it. */
export interface MetricProblem {
  /** `refused`: it can never be measured as it is written. `warning`: not at present. */
  readonly kind: "refused" | "warning";
  readonly text: string;
}

/** Something that people want to know of a release. */
export interface Notice {
  /** Unique; the same when it is sent again. */
  readonly id: string;
  readonly kind: NoticeKind;
  readonly app: string;
  readonly release: number;
  /** The revision that is being released. */
  readonly revision: number;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Tells people what happened. Throws when that did not get there. */
export interface Notifier {
  notify(notice: Notice, to: Notification, signal: AbortSignal): Promise<void>;
}
