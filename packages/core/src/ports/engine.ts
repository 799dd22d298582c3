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
  /** At most this many lines from the end of each replica; null: all. */
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
 * 1. `apply` resolves once the mutation is accepted and durable, not when it is in force. One whose
 *    answer was lost may be applied again.
 * 2. Tokens never shrink, not even over a restart; an observation whose parts are `asOf` a token
 *    contains that mutation.
 * 3. `apply` of what already holds changes nothing. Nor does a table whose generation is not above
 *    the accepted one: it is late.
 * 4. `scale` sets a level that the engine keeps by itself: it starts, restarts with backoff,
 *    replaces and drains replicas. When it must give up replicas it takes those that are not
 *    ready first, then those that have been ready for the shortest time. Draining ones are no part
 *    of the level; one that is not ready any more is, and is taken back when it is.
 * 5. A replica gets no request before it is ready nor after it began to drain. It is `routed` from
 *    before the first part of the data plane may send it requests until every part has
 *    acknowledged that it may not, and `ready` only once every part may.
 * 6. `observe` never throws for a part that cannot be read: it returns that part as unknown, with
 *    when that began. The other parts are told.
 * 7. `changes` yields after a replica's state, a level, an exit, the route or the room changed, not
 *    for counters and probes that answer as before; it may merge changes, never lose the last. It
 *    tells what comes after the first `next`, to everyone who listens, and ends when aborted.
 * 8. What a controller observes after it was started is not older than its start: it does not know
 *    the token of a mutation that its predecessor died over. Nor is what it observes after an
 *    `apply` that threw older than that call.
 * 9. After `collect` the revision is in no view of replicas or revisions any more, and cannot be
 *    started again. One that has a level or a replica is refused (REFUSED), and nothing changes.
 * 10. Exits that nobody asked for are counted by revision and never forgotten before `collect`:
 *     also starts that could not be made, and ends that came while no engine watched.
 * 11. Mutations may be applied at once: all are accepted, in the order of the calls for one thing.
 * 12. Replicas, levels and the route outlive the engine object: the next one goes on with the same
 *     processes, and one that drained drains on.
 * 13. `capacity` says whether one more replica fits. A level beyond it stays declared and is met when
 *     there is room.
 * 14. `logs` gives each replica's lines in the order in which they were written, earlier starts
 *     first, also of replicas that are gone; `tail` the last of all that match; `since` all that was
 *     written from that second on, and rather too much than too little. With `follow` it goes on,
 *     with replicas that come later too, and ends without an error when aborted.
 * 15. The table in force decides which revisions get requests, among whatever replicas are ready: one
 *     that comes or goes needs no new table. Answers are counted by revision, and only grow.
 * 16. `traffic` has every request that is over in one of its totals, which only grow while the epoch
 *     stays the same; a new engine over the same data plane goes on with that.
 * 17. `counts` has for each revision what its clients got: requests, how many of them went wrong
 *     and how long whole answers took. Within an epoch, that of `traffic`, figures only grow.
 * 18. A `preview` in the table gives one revision an address of its own, whatever the rule says, on
 *     loopback: it answers from the ready replicas of that revision, and none of its requests is in
 *     `requests`, `traffic` or `counts`. While it is not open `lagging` says why, and who has its port,
 *     and it is tried again; the rule is in force all the same. The next engine opens it again; it is
 *     closed when a table without it is in force.
 * 19. A replica has an `address` from when it is first ready until its process has ended, the drain
 *     and times at which it is not ready included: there it answers past the route, and nobody else does.
 * 20. `drains` sums the receipts that replicas left when they ended. It has that of
 *     a replica when that one is in no view any more, only grows, and outlives the engine object. What an
 *     app left is its own word: what cannot be read counts for nothing and fails nothing.
 */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  observe(app: App, needs: readonly Observation[], signal: AbortSignal): Promise<EngineView>;
  apply(mutation: EngineMutation, signal: AbortSignal): Promise<number>;
  changes(signal: AbortSignal): AsyncIterable<void>;
  logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
}
