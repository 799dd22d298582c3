import type { Verdict } from "../model/observed.ts";
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

/** Runs the commands that a release calls at its waypoints, each key once. */
export interface HookRunner {
  run(key: string, signal: AbortSignal): Promise<"done" | "failed">;
}

/** Measures a revision for the holds of a release. */
export interface MetricsSource {
  judge(name: string, signal: AbortSignal): Promise<Verdict>;
}

/** Tells people what happened. */
export interface Notifier {
  notify(text: string, signal: AbortSignal): Promise<void>;
}
