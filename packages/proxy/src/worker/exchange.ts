import { BodyReader } from "../http/body-reader.ts";
import { broken } from "../http/chunked-end.ts";
import type { Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { accessLine } from "./access-line.ts";
import type { Asker } from "./asker.ts";
import { countAnswer, countLatency } from "./counters.ts";
import type { DataPlane } from "./data-plane.ts";
import { EventAnswer } from "./event-answer.ts";
import type { ExchangeClient, Waiting } from "./exchange-client.ts";
import { KeptBody } from "./kept-body.ts";
import type { StreamOwner } from "./open-streams.ts";
import type { Replica } from "./replica.ts";
import { Tunnel } from "./tunnel.ts";
import {
  type AnswerSink,
  failureReason,
  type UpstreamConnection,
  type UpstreamFailure,
} from "./upstream-connection.ts";
import { writeHead } from "./write-head.ts";

const none: readonly Replica[] = [];
const maxRetries = 2;

/**
 * One request and its answer: chooses a replica, sends, sends again where that is safe, and passes
 * the answer on. It is over after exactly one of `finished`, `answer`, `destroy` on the client, or
 * `abandon` from it.
 */
export class Exchange implements AnswerSink, StreamOwner {
  readonly head: RequestHead;
  readonly body: BodyReader;
  tunnel: Tunnel | null = null;
  #events: EventAnswer | null = null;
  readonly #plane: DataPlane;
  readonly #client: ExchangeClient;
  #replica: Replica | null = null;
  #upstream: UpstreamConnection | null = null;
  #tried: readonly Replica[] = none;
  /** For as long as the request could still be sent (again). */
  readonly #kept = new KeptBody();
  #answered = false;
  #attempts = 0;
  #close = false;
  #keepAliveSeconds = -1;
  #bodyWait: Waiting = "responseBody";
  /** The client's socket asked for no pause after the last bytes. */
  #taken = true;
  /** When its head was complete; milliseconds of a monotonic clock. */
  readonly #since = performance.now();
  readonly #asker: Asker;
  /** Whom it was sent to last. */
  #asked: Replica | null = null;
  #status: number | null = null;
  /** Of the answer, passed on. */
  #bytes = 0;

  constructor(plane: DataPlane, client: ExchangeClient, head: RequestHead) {
    this.#plane = plane;
    this.#client = client;
    this.head = head;
    this.#asker = client.askerOf(head);
    this.body = new BodyReader(head.framing, head.contentLength);
  }

  /** Sends the request, with what `receive` took of its body so far. */
  start(): void {
    this.#plane.budget.countRequest();
    this.#dispatch();
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
    this.giveUp("cut");
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
    const { traffic } = this.#plane;
    this.#log(this.tunnel === null ? "abandoned" : null);
    this.#leaveUpstream();
    if (this.tunnel === null) traffic.countAbandoned(this.#attempts > 1);
    else traffic.countAnswered(this.#attempts > 1);
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
        this.abandon();
        this.#client.destroy();
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
    const { socket } = upstream;
    const head = this.head.forwarded + this.#asker.lines;
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
    this.#status = head.status;
    if (this.#replica !== null) countAnswer(this.#replica.counters, head.status);
    this.#close =
      !this.head.keepAlive ||
      head.framing === "eof" ||
      this.#plane.leaving ||
      (ended && !this.body.done);
    this.#bodyWait = head.framing === "length" ? "responseBody" : "responseStream";
    if (head.eventStream && !ended) {
      const events = new EventAnswer(this.#client.socket, head, this);
      this.#events = this.#plane.streams.opened(this.#replica, events);
    }
    if (this.#close || this.head.minor === 0 || !head.mayPass) this.#rewrite(head, message);
    else this.#send(head.passing(message));
    this.#events?.pass(message.subarray(head.length));
    this.#afterBytes(ended);
  }

  onBody(bytes: Buffer, ended: boolean): void {
    if (this.#events !== null) this.#taken = this.#events.send(bytes, ended);
    else if (bytes.length > 0) this.#send(bytes);
    if (this.#upstream !== null) this.#afterBytes(ended);
  }

  onSwitch(bytes: Buffer): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    this.#answered = true;
    this.#status = 101;
    this.#kept.forget();
    if (this.#replica !== null) countAnswer(this.#replica.counters, 101);
    this.#close = true;
    const ends = { client: this.#client, upstream: upstream.socket, owner: this };
    this.tunnel = this.#plane.streams.opened(this.#replica, new Tunnel(ends, bytes));
    const held = this.#client.takeHeld();
    if (held !== null) this.tunnel.fromClient(held);
    this.#client.socket.resume();
  }

  onTunnelBytes(bytes: Buffer): void {
    this.#bytes += bytes.length;
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
    if (this.tunnel !== null) {
      this.streamOver();
      return;
    }
    this.#leaveUpstream();
    if (replica !== null && this.#mayRetry(failure, replica)) {
      replica.counters.retries += 1;
      this.#dispatch();
      return;
    }
    if (replica !== null && !this.#answered) replica.counters.requests += 1;
    this.giveUp(failureReason[failure]);
  }

  #dispatch(): void {
    const replica = this.#plane.choose(this.head, this.#tried);
    if (replica === null) {
      this.giveUp(this.#plane.whyNone());
      return;
    }
    replica.inFlight += 1;
    this.#replica = replica;
    this.#asked = replica;
    this.#attempts += 1;
    // A second attempt does not trust a second idle connection.
    const idle =
      this.#tried.length === 0 ? replica.idleConnection(this.#since, this.head.idempotent) : null;
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

  #mayRetry(failure: UpstreamFailure, replica: Replica): boolean {
    if (failure === "connect") {
      replica.counters.connectionErrors += 1;
      replica.suspect(performance.now());
    } else if (failure === "unanswered") {
      replica.counters.connectionErrors += 1;
    }
    this.#tried = [...this.#tried, replica];
    if (this.#tried.length > maxRetries || !this.#kept.whole) return false;
    if (failure === "connect") return true;
    if (failure !== "unanswered" || !this.head.idempotent) return false;
    return this.#plane.budget.take(performance.now());
  }

  #rewrite(head: ResponseHead, message: Buffer): void {
    const persistence = { close: this.#close, minor: this.head.minor };
    const { bytes, taken } = writeHead(this.#client.socket, { head, message }, persistence);
    this.#bytes += bytes;
    this.#taken = taken;
  }

  #send(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#taken = this.#client.socket.write(bytes);
  }

  #afterBytes(ended: boolean): void {
    if (ended) {
      this.#complete();
    } else if (this.#taken || !this.holdsBytes) {
      this.#client.waitFor(this.#bodyWait);
    } else {
      this.#upstream?.socket.pause();
      this.#client.waitFor("clientReading");
    }
  }

  #complete(): void {
    const upstream = this.#upstream;
    const replica = this.#replica;
    this.#upstream = null;
    this.#replica = null;
    if (upstream !== null && replica !== null) {
      upstream.detach();
      this.#plane.release(replica, this.#events ?? this.tunnel);
      const now = performance.now();
      // How long a stream was open says nothing of how quick the app is.
      if (this.#events === null) countLatency(replica.counters, now - this.#since);
      if (upstream.spoiled || !this.body.done) upstream.destroy();
      else replica.giveBack(upstream, now, this.#keepAliveSeconds);
    }
    this.#finish();
  }

  #finish(): void {
    this.#log(null);
    this.#plane.traffic.countAnswered(this.#attempts > 1);
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
    if (replica !== null) this.#plane.release(replica, this.#events ?? this.tunnel);
  }

  /** Ends it: with an answer of the proxy where none has begun, else with a broken connection. */
  giveUp(reason: Reason): void {
    this.#log(reason);
    this.#leaveUpstream();
    const { traffic } = this.#plane;
    if (this.#attempts > 1) traffic.countRetried(false);
    if (this.#answered) {
      traffic.countCut(reason);
      this.#client.destroy();
    } else {
      this.#client.answer(reason);
    }
  }

  /** It is over; `reason`: why without a whole answer of a replica. */
  #log(reason: Reason | "abandoned" | null): void {
    const { log } = this.#plane.front;
    if (log === null) return;
    const ms = performance.now() - this.#since;
    const replica = this.#asked?.upstream ?? null;
    const retries = Math.max(0, this.#attempts - 1);
    const answer = { status: this.#status, bytes: this.#bytes, ms, replica, retries, reason };
    log.add(accessLine(this.head, this.#asker, answer));
  }
}
