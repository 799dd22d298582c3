import { BodyReader } from "../http/body-reader.ts";
import { broken } from "../http/chunked-end.ts";
import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { Attempts } from "./attempts.ts";
import { countLatency } from "./counters.ts";
import type { DataPlane } from "./data-plane.ts";
import { EventAnswer } from "./event-answer.ts";
import type { ExchangeClient, Waiting } from "./exchange-client.ts";
import type { Held } from "./hold-queue.ts";
import { KeptBody } from "./kept-body.ts";
import type { StreamOwner } from "./open-streams.ts";
import type { Replica } from "./replica.ts";
import { RequestRecord } from "./request-record.ts";
import { Tunnel } from "./tunnel.ts";
import type { AnswerSink, UpstreamConnection, UpstreamFailure } from "./upstream-connection.ts";

const none: readonly Replica[] = [];

/**
 * One request and its answer: chooses a replica or waits for one, sends, sends again where that is safe,
 * and passes the answer on. It is over after exactly one of `finished`, `answer`, `destroy` on the client, or
 * `abandon` from it.
 */
export class Exchange implements AnswerSink, Held, StreamOwner {
  readonly head: RequestHead;
  readonly body: BodyReader;
  tunnel: Tunnel | null = null;
  readonly #plane: DataPlane;
  readonly #client: ExchangeClient;
  #replica: Replica | null = null;
  #upstream: UpstreamConnection | null = null;
  /** Its attempts that failed; null before the first did. */
  #failed: Attempts | null = null;
  /** It waits for a replica, or did. */
  #isHeld = false;
  /** For as long as the request could still be sent (again). */
  readonly #kept = new KeptBody();
  #answered = false;
  #close = false;
  #keepAliveSeconds = -1;
  #bodyWait: Waiting = "responseBody";
  readonly #record: RequestRecord;
  readonly #answer: AnswerWriter;

  constructor(plane: DataPlane, client: ExchangeClient, head: RequestHead) {
    this.#plane = plane;
    this.#client = client;
    this.head = head;
    this.#record = new RequestRecord(client.askerOf(head));
    this.#answer = new AnswerWriter(client.socket, this.#record);
    this.body = new BodyReader(head.framing, head.contentLength);
  }

  /** Sends the request, with what `receive` took of its body so far. */
  start(): void {
    this.#plane.budget.countRequest();
    const replica = this.#plane.choose(this.head, none);
    if (replica !== null) this.#sendTo(replica);
    else if (!this.#hold()) this.giveUp(this.#plane.whyNone());
  }

  release(suspects: boolean): boolean {
    const replica = this.#plane.choose(this.head, none);
    if (replica === null || !(suspects || this.#plane.isTrusted(replica))) return false;
    this.#failed?.waited();
    this.#sendTo(replica);
    return true;
  }

  expire(): void {
    this.giveUp(this.#failed?.reason ?? this.#plane.whyNone());
  }

  /** Takes request body out of `data`; the index after it. */
  receive(data: Buffer): number {
    const end = this.body.take(data, 0);
    if (end === broken) {
      this.giveUp("bad-chunk");
      return data.length;
    }
    this.#forward(end < 0 ? data : data.subarray(0, end));
    this.#awaitProgress();
    return end < 0 ? data.length : end;
  }

  get holdsBytes(): boolean {
    return this.#client.socket.writableLength > 0;
  }

  /** The answer where it is a stream of events. */
  get events(): EventAnswer | null {
    return this.#answer.events;
  }

  /** By which it stands in the access log, and which its replica is told. */
  get requestId(): string {
    return this.#record.asker.requestId;
  }

  /** Whether it is in flight on that replica. */
  isOn(replicaId: string): boolean {
    return this.#replica?.upstream.id === replicaId;
  }

  /** Ends it because the drain budget of its replica is over; false: it was ended in good order already. */
  cut(): boolean {
    if (this.tunnel?.closing === true) {
      this.streamOver();
      return false;
    }
    if (this.#replica !== null) this.#replica.counters.cut += 1;
    this.giveUp(this.#replica === null ? this.#plane.whyNone() : "cut");
    return true;
  }

  streamEnded(): void {
    if (this.#replica !== null) this.#replica.counters.streamsEnded += 1;
  }

  streamOver(): void {
    this.#leaveUpstream();
    this.#finish();
  }

  /** The client is gone. */
  abandon(): void {
    this.#over(this.tunnel === null ? "abandoned" : null);
    this.#leaveUpstream();
  }

  /** Nobody takes the answer any more: the replica hears so, and the client sees a broken connection. */
  breakOff(): void {
    this.abandon();
    this.#client.destroy();
  }

  /** Its replica has not begun to answer for too long. */
  stalled(): void {
    this.#record.stalled();
  }

  /** The wait that `waitFor` started took too long. */
  timedOut(waiting: Waiting): void {
    switch (waiting) {
      case "connect":
        this.onFailure("connect");
        return;
      case "requestBody":
        this.giveUp("body-timeout");
        return;
      case "clientReading":
        this.breakOff();
        return;
      case "goodbye":
        this.streamOver();
        return;
      default:
        this.giveUp("response-timeout");
    }
  }

  /** The client can take more bytes of the answer. */
  clientDrained(): void {
    if (!this.#answered) return;
    this.tunnel?.clientDrained();
    if (this.tunnel !== null) return;
    this.#upstream?.socket.resume();
    this.#client.waitFor(this.#bodyWait);
  }

  onConnected(): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    if (this.#isHeld) this.#plane.held.leave(this);
    const { socket } = upstream;
    const head = this.head.forwarded + this.#record.asker.lines;
    const { parts } = this.#kept;
    if (parts === null) {
      socket.write(head, "latin1");
    } else {
      socket.cork();
      socket.write(head, "latin1");
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
    if (!this.head.idempotent || this.#kept.tooLarge) this.#kept.forget();
    this.#awaitProgress();
    if (!socket.writableNeedDrain) this.#letClientSend();
  }

  onInterim(bytes: Buffer): void {
    // HTTP/1.0 clients know no interim answers.
    if (this.head.minor === 1) this.#client.socket.write(bytes);
  }

  onHead(head: ResponseHead, message: Buffer, ended: boolean): void {
    if (this.head.minor === 0 && head.framing === "chunked") {
      this.giveUp("bad-response");
      return;
    }
    this.#answered = true;
    this.#kept.forget();
    this.#keepAliveSeconds = head.keepAliveSeconds;
    this.#replica?.answers();
    this.#record.answeredWith(head.status);
    this.#close =
      !this.head.keepAlive ||
      head.framing === "eof" ||
      this.#plane.leaving ||
      (ended && !this.body.done);
    this.#bodyWait = head.framing === "length" ? "responseBody" : "responseStream";
    if (head.eventStream && !ended) {
      const events = new EventAnswer(this.#client.socket, head, this);
      this.#answer.events = this.#plane.streams.opened(this.#replica, events);
      if (this.#client.socket.readableEnded) {
        this.breakOff();
        return;
      }
    }
    const { minor } = this.head;
    const asItCame = !this.#close && minor === 1 && head.mayPass;
    this.#answer.begin({ head, message }, asItCame ? null : { close: this.#close, minor });
    this.#afterBytes(ended);
  }

  onBody(bytes: Buffer, ended: boolean): void {
    this.#answer.pass(bytes, ended);
    if (this.#upstream !== null) this.#afterBytes(ended);
  }

  onSwitch(bytes: Buffer): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    this.#answered = true;
    this.#record.answeredWith(101);
    this.#kept.forget();
    this.#close = true;
    const ends = { client: this.#client, upstream: upstream.socket, owner: this };
    this.tunnel = this.#plane.streams.opened(this.#replica, new Tunnel(ends, bytes));
    const held = this.#client.takeHeld();
    if (held !== null) this.tunnel.fromClient(held);
    this.#client.socket.resume();
    // It closed while its upgrade was under way: the replica has to hear of that, too.
    if (this.#client.socket.readableEnded) this.tunnel.clientEnded();
  }

  onTunnelBytes(bytes: Buffer): void {
    this.#record.bytes += bytes.length;
    this.tunnel?.fromUpstream(bytes);
  }

  onTunnelEnd(): void {
    this.tunnel?.upstreamEnded();
  }

  onDrain(): void {
    this.#awaitProgress();
    this.#letClientSend();
  }

  onFailure(failure: UpstreamFailure): void {
    const replica = this.#replica;
    const isReused = this.#upstream !== null && this.#upstream.idleSince > 0;
    if (this.tunnel !== null) {
      this.streamOver();
      return;
    }
    this.#leaveUpstream();
    if (replica === null) return;
    replica.failed(failure, isReused);
    this.#failed ??= new Attempts();
    const request = { head: this.head, body: this.#kept, budget: this.#plane.budget };
    if (this.#failed.mayFollow(failure, replica, request) && this.#tryAgain(this.#failed)) {
      replica.counters.retries += 1;
      return;
    }
    this.giveUp(this.#failed.reason);
  }

  #tryAgain(failed: Attempts): boolean {
    const next = this.#plane.choose(this.head, failed.tried);
    if (failed.isWorthWaiting(next, this.#plane.tickNow) && this.#hold()) return true;
    if (next === null || !failed.mayAsk(next)) return false;
    this.#sendTo(next);
    return true;
  }

  #hold(): boolean {
    this.#isHeld = this.#plane.held.hold(this);
    if (this.#isHeld) this.#client.waitFor("held");
    return this.#isHeld;
  }

  #sendTo(replica: Replica): void {
    replica.inFlight += 1;
    this.#replica = replica;
    this.#record.asked = replica;
    this.#record.attempts += 1;
    // A second attempt does not trust a second idle connection.
    const isFirst = this.#failed === null && !this.#isHeld;
    const idle = isFirst ? replica.idleConnection(this.#record.since, this.head.idempotent) : null;
    const upstream = idle ?? replica.newConnection();
    this.#upstream = upstream;
    upstream.attach(this);
    if (idle === null) this.#client.waitFor("connect");
    else this.onConnected();
  }

  #forward(part: Buffer): void {
    const upstream = this.#upstream;
    const connected = upstream?.connected === true;
    this.#kept.add(part);
    if (this.#kept.tooLarge) {
      // Until the connection stands these bytes are the only copy, so the client has to wait.
      if (connected) this.#kept.forget();
      else this.#client.socket.pause();
    }
    if (connected && upstream?.socket.write(part) === false) this.#client.socket.pause();
  }

  /** Waits, before the answer, for whoever has to act next: the replica or the client. */
  #awaitProgress(): void {
    const upstream = this.#upstream;
    if (this.#answered || upstream?.connected !== true) return;
    if (upstream.socket.writableNeedDrain) this.#client.waitFor("replicaReading");
    else this.#client.waitFor(this.body.done ? "responseHead" : "requestBody");
  }

  #afterBytes(ended: boolean): void {
    if (ended) {
      this.#complete();
    } else if (this.#answer.isFull) {
      this.#upstream?.socket.pause();
      this.#client.waitFor("clientReading");
    } else {
      this.#client.waitFor(this.#bodyWait);
    }
  }

  #complete(): void {
    const upstream = this.#upstream;
    const replica = this.#replica;
    this.#upstream = null;
    this.#replica = null;
    if (upstream !== null && replica !== null) {
      upstream.detach();
      this.#plane.release(replica, this.events ?? this.tunnel);
      const now = performance.now();
      // How long a stream was open says nothing of how quick the app is.
      if (this.events === null) countLatency(replica.counters, now - this.#record.since);
      if (upstream.spoiled || !this.body.done) upstream.destroy();
      else replica.giveBack(upstream, now, this.#keepAliveSeconds);
    }
    this.#finish();
  }

  #finish(): void {
    this.#over(null);
    this.#client.finished(this.#close || !this.body.done);
  }

  #letClientSend(): void {
    const { socket } = this.#client;
    if (socket.isPaused()) socket.resume();
  }

  #leaveUpstream(): void {
    const replica = this.#replica;
    const upstream = this.#upstream;
    this.#replica = null;
    this.#upstream = null;
    if (upstream !== null) {
      this.tunnel?.leave();
      upstream.detach();
      upstream.destroy();
    }
    if (replica !== null) this.#plane.release(replica, this.events ?? this.tunnel);
  }

  /** Ends it: with an answer of the proxy where none has begun, else with a broken connection. */
  giveUp(reason: Reason): void {
    this.#over(reason);
    this.#leaveUpstream();
    if (this.#answered) {
      this.#plane.traffic.countCut(reason);
      this.#client.destroy();
    } else {
      this.#client.answer(reason);
    }
  }

  #over(reason: Reason | "abandoned" | null): void {
    if (this.#isHeld) this.#plane.held.leave(this);
    this.#record.over(this.head, reason, this.#plane);
  }
}
