import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import { accessLine } from "./access-line.ts";
import type { Asker } from "./asker.ts";
import { countError, countStalled, countStatus, type RevisionCounters } from "./counters.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Replica } from "./replica.ts";

/** Why a request ends without a whole answer because of its replica. */
const replicasFault: ReadonlySet<Reason | "abandoned"> = new Set([
  "bad-response",
  "connect-failed",
  "cut",
  "response-timeout",
  "upstream-closed",
]);

/** What is noted of one request, for the counts and the access log. */
export class RequestRecord {
  readonly asker: Asker;
  /** When its head was complete; milliseconds of a monotonic clock. */
  readonly since = performance.now();
  /** How often it was sent to a replica, and to which one last. */
  attempts = 0;
  asked: Replica | null = null;
  status: number | null = null;
  /** Of the answer, passed on. */
  bytes = 0;
  /** Where it has been counted as stalled. */
  #stalledOn: RevisionCounters | null = null;

  constructor(asker: Asker) {
    this.asker = asker;
  }

  /** The head of an answer has come. */
  answeredWith(status: number): void {
    this.status = status;
    const counters = this.asked?.counters;
    if (counters === undefined) return;
    countStatus(counters, status);
    if (this.#stalledOn === counters) return;
    counters.requests += 1;
    if (status >= 500) countError(counters);
  }

  /** For too long none has. */
  stalled(): void {
    const counters = this.asked?.counters;
    if (counters === undefined || this.#stalledOn === counters) return;
    this.#stalledOn = counters;
    countStalled(counters);
  }

  /** It is over; `reason`: why without a whole answer of a replica. */
  over(head: RequestHead, reason: Reason | "abandoned" | null, plane: DataPlane): void {
    const { traffic, front } = plane;
    if (reason !== null && replicasFault.has(reason)) this.#failed(reason);
    if (reason === null) traffic.answered += 1;
    else if (reason === "abandoned") traffic.abandoned += 1;
    if (this.attempts > 1) traffic.countRetried(reason === null);
    if (front.log === null) return;
    const { status, bytes, since } = this;
    const ms = performance.now() - since;
    const replica = this.asked?.upstream ?? null;
    const retries = Math.max(0, this.attempts - 1);
    const answer = { status, bytes, ms, replica, retries, reason };
    front.log.add(accessLine(head, this.asker, answer));
  }

  #failed(reason: Reason | "abandoned"): void {
    const counters = this.asked?.counters;
    if (counters === undefined || this.#stalledOn === counters) return;
    if (this.status === null) counters.requests += 1;
    // How long a stream or a download would have gone on is not the fault of who leaves; 5xx is counted.
    else if (reason === "cut" || this.status >= 500) return;
    countError(counters);
  }
}
