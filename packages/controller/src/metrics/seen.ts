import type { App, EngineView, ReleaseRecord, Why } from "@hitless/core";

/** All that is exposed, at one moment. */
export interface Seen {
  readonly app: App;
  readonly view: EngineView;
  readonly why: Why;
  readonly history: readonly ReleaseRecord[];
  /** The stable revision's own label; null: it has none. */
  readonly version: string | null;
  /** When the controller started, ms since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
