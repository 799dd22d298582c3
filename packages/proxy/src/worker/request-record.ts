import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import { accessLine } from "./access-line.ts";
import type { Asker } from "./asker.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Replica } from "./replica.ts";

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

  constructor(asker: Asker) {
    this.asker = asker;
  }

  /** It is over; `reason`: why without a whole answer of a replica. */
  over(head: RequestHead, reason: Reason | "abandoned" | null, plane: DataPlane): void {
    const { traffic, front } = plane;
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
}
