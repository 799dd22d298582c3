import type { Socket } from "node:net";
import {
  type Answer,
  type Head,
  isEventStream,
  isHttp1,
  tellToLeave,
  wasAnswered,
} from "./answer.ts";
import { methodOf, pathOf, patternOf, type RouteOf } from "./route-of.ts";

export interface Begun {
  readonly head: Head;
  /** In ms of `performance.now()`. */
  readonly since: number;
}

/** The requests under way, and how many ended while draining. */
export class Requests {
  readonly #open = new Map<Answer, Begun>();
  readonly #named: RouteOf | undefined;
  readonly #ended: (this: Answer) => void;
  /** Answers that wait for an earlier one of their connection. */
  readonly #queued = new WeakMap<Socket, Set<Answer>>();
  #draining = false;
  #isCut = false;
  /** Came in while draining. */
  served = 0;
  /** Answered to their end while draining; streams have none. */
  finished = 0;
  /** Called for each one that ended, however it did. */
  onEnd: ((answer: Answer, begun: Begun) => void) | null = null;

  constructor(named?: RouteOf) {
    this.#named = named;
    const ended = (answer: Answer) => this.#end(answer);
    // One function for all answers: a closure for each of them would cost more than the rest of this.
    this.#ended = function (this: Answer) {
      ended(this);
    };
  }

  get open(): ReadonlyMap<Answer, Begun> {
    return this.#open;
  }

  /** Again: nothing. A listener for `checkContinue` emits `request` itself. */
  begin(answer: Answer, head: Head): void {
    if (this.#open.has(answer)) return;
    this.#open.set(answer, { head, since: performance.now() });
    if (isHttp1(answer) && answer.socket === null) this.#queue(answer, answer.req.socket);
    answer.once("close", this.#ended);
    if (!this.#draining) return;
    this.served += 1;
    tellToLeave(answer);
  }

  /** From now on each answer says `Connection: close`, also those that are being worked on. */
  drain(): void {
    this.#draining = true;
    for (const answer of this.#open.keys()) tellToLeave(answer);
  }

  /** The connections that a request is under way on: HTTP/1's sockets, HTTP/2's sessions. */
  busy(): Set<object> {
    const busy = new Set<object>();
    for (const answer of this.#open.keys()) {
      const connection = isHttp1(answer) ? answer.req.socket : answer.session;
      if (connection !== undefined) busy.add(connection);
    }
    return busy;
  }

  /** `GET` and `/orders/:id`, or the path where nobody knows a pattern. */
  describe(begun: Begun): { readonly method: string; readonly route: string } {
    return { method: methodOf(begun.head), route: this.pattern(begun) ?? pathOf(begun.head) };
  }

  pattern({ head }: Begun): string | undefined {
    return patternOf(head, this.#named);
  }

  /** What is still open is no longer waited for: however it ends, it was not finished. */
  cut(): void {
    this.#isCut = true;
  }

  /** Node tells of the end of a connection only to the answer whose turn it is, not to those of requests that were sent behind it. */
  #queue(answer: Answer, socket: Socket): void {
    const queued = this.#queued.get(socket);
    if (queued !== undefined) {
      queued.add(answer);
      return;
    }
    const first = new Set([answer]);
    this.#queued.set(socket, first);
    socket.once("close", () => {
      for (const each of first) this.#end(each);
    });
  }

  #end(answer: Answer): void {
    const begun = this.#open.get(answer);
    if (begun === undefined) return;
    this.#open.delete(answer);
    if (isHttp1(answer)) this.#queued.get(answer.req.socket)?.delete(answer);
    if (this.#draining && !this.#isCut && wasAnswered(answer) && !isEventStream(answer))
      this.finished += 1;
    this.onEnd?.(answer, begun);
  }
}
