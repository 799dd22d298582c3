import type { App } from "../model/app.ts";
import type { EngineMutation } from "../model/mutation.ts";
import type { EngineView, Observation } from "../model/observed.ts";

/** What an engine can do. Callers switch on these, never on an engine's name. */
export interface EngineCapabilities {
  /** Can run more than the desired number for a while. */
  readonly surge: boolean;
  /** Can split requests by weight rather than by replica. */
  readonly weights: boolean;
  /** Can route by header, cookie or hash. */
  readonly matches: boolean;
}

export interface LogQuery {
  /** Null: all revisions. */
  readonly revision: number | null;
  readonly replica: string | null;
  /** Milliseconds since the epoch; null: from the beginning. */
  readonly since: number | null;
  /** At most this many lines from the end; null: all. */
  readonly tail: number | null;
  readonly follow: boolean;
}

export interface LogLine {
  readonly replica: string;
  readonly revision: number;
  readonly text: string;
}

/**
 * Runs replicas and carries traffic. The contract, clause by clause (`test/conformance`):
 *
 * 1. `apply` resolves once the mutation is accepted and durable, not when it is in force.
 * 2. Tokens only grow; an observation whose parts are `asOf` a token contains that mutation.
 * 3. `apply` of what already holds changes nothing.
 * 4. `scale` sets a level that the engine keeps by itself: it starts, restarts with backoff,
 *    replaces and drains replicas. When it must give up replicas it takes those that are not
 *    ready first, then those that have been ready for the shortest time.
 * 5. A replica gets no request before it is ready nor after it began to drain; `routed` turns
 *    false only when every part of the data plane has acknowledged that.
 * 6. `observe` never throws for a part that cannot be read: it returns that part as unknown.
 * 7. `changes` yields after anything observable changed; it may merge changes, never lose the last.
 * 8. What a controller observes after it was started is not older than its start: it does not know
 *    the token of a mutation that its predecessor died over.
 * 9. After `collect` the revision is in no view any more.
 */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  observe(app: App, needs: readonly Observation[], signal: AbortSignal): Promise<EngineView>;
  apply(mutation: EngineMutation, signal: AbortSignal): Promise<number>;
  changes(signal: AbortSignal): AsyncIterable<void>;
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
}
