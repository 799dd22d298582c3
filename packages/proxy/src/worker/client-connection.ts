import type { Socket } from "node:net";
import { httpDate } from "../http/http-date.ts";
import { proxyAnswer, type Reason } from "../http/reasons.ts";
import type { RequestHead } from "../http/request-head.ts";
import { refusalLine } from "./access-line.ts";
import type { Guest } from "./admission.ts";
import { type Asker, PeerWord } from "./asker.ts";
import { BodyPace } from "./body-pace.ts";
import type { DataPlane, PlaneClient } from "./data-plane.ts";
import { Exchange } from "./exchange.ts";
import { type ExchangeClient, timeoutOf, type Waiting } from "./exchange-client.ts";
import { bytesTaken, ReaderPace } from "./reader-pace.ts";
import { ReceivedBytes } from "./received-bytes.ts";

/** Bytes of following requests that are taken in while one is under way; then the client waits. */
const maxHeldBytes = 65_536;
/** After our FIN the client's bytes are read and dropped this long: a reset could eat the answer. */
const lingerMs = 2_000;

type Phase = "idle" | "head" | "exchange" | "closing";

/**
 * One client connection; requests on it are served one after the other. Phases: `idle` (no byte
 * of a request), `head` (part of one), `exchange` (a request is under way), `closing` (our FIN is
 * sent or the socket is destroyed; what comes is dropped). Any phase may go to `closing`.
 */
export class ClientConnection implements ExchangeClient, Guest, PlaneClient {
  readonly socket: Socket;
  readonly #plane: DataPlane;
  #phase: Phase = "idle";
  #waiting: Waiting = "connect";
  /** When that wait began, by the tick before. */
  #since = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #exchange: Exchange | null = null;
  /** What no request has taken yet. */
  readonly #received = new ReceivedBytes();
  #taking = false;
  #clientEnded = false;
  #word: PeerWord;
  /** At least one request of it was answered. */
  #served = false;
  /** Of the request under way, while its body comes. */
  #pace: BodyPace | null = null;
  /** While bytes wait for the client. */
  #readerPace: ReaderPace | null = null;

  constructor(plane: DataPlane, socket: Socket) {
    this.#plane = plane;
    this.socket = socket;
    this.#word = new PeerWord(socket.remoteAddress, plane.front.trust);
    plane.clients.add(this);
    socket.on("drain", () => this.#drained());
    socket.on("end", () => this.#ended());
    // The reason does not change what has to be done; `close` follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
    this.#enter("idle", plane.timeouts.clientIdleMs);
    plane.front.admission.enter(this);
  }

  get address(): string {
    return this.#word.address;
  }

  get trusted(): boolean {
    return this.#word.trusted;
  }

  get rank(): number {
    if (!this.#served) return this.#phase === "exchange" ? 1 : 0;
    return this.#phase === "idle" ? 2 : 1;
  }

  get waitingSince(): number {
    const reads = this.#phase !== "closing" && this.#hasToRead;
    if (reads) return this.#readerPace?.since ?? this.#plane.tickNow;
    const timeoutMs = this.#clientTimeout();
    if (timeoutMs === null) return Number.POSITIVE_INFINITY;
    return this.#deadline - timeoutMs - this.#plane.timeouts.tickMs;
  }

  askerOf(head: RequestHead): Asker {
    const { trust } = this.#plane.front;
    // Whoever is trusted no more is not believed for as long as it stays connected.
    if (this.#word.trust !== trust) this.#word = new PeerWord(this.socket.remoteAddress, trust);
    return this.#word.askerOf(head);
  }

  waitFor(what: Waiting): void {
    this.#waiting = what;
    this.#since = this.#plane.tickNow;
    this.#setDeadline(timeoutOf(what, this.#plane.timeouts));
  }

  answer(reason: Reason): void {
    const exchange = this.#exchange;
    const head = exchange?.head ?? null;
    const whole = exchange?.body.done ?? false;
    const close = head === null || !head.keepAlive || !whole || this.#plane.leaving;
    this.#plane.traffic.countAnswer(reason);
    if (exchange === null) this.#plane.front.log?.add(refusalLine(this.address, reason));
    const options = {
      date: httpDate(Date.now()),
      close,
      headOnly: head?.isHead ?? false,
      keepAlive: head?.minor === 0,
      html: head?.header("accept")?.includes("text/html") ?? false,
      message: reason === "maintenance" ? (this.#plane.table?.maintenance ?? "") : "",
      requestId: exchange?.requestId ?? null,
    };
    this.socket.write(proxyAnswer(reason, options));
    this.finished(close);
  }

  finished(close: boolean): void {
    const head = this.#exchange?.head ?? null;
    this.#exchange = null;
    if (close || this.socket.destroyed) {
      if (this.#heardAll(head)) this.#close();
      else this.#linger();
      return;
    }
    this.#served = true;
    this.#enter("idle", this.#plane.timeouts.clientIdleMs);
    if (this.socket.isPaused()) this.socket.resume();
    this.#takeRequests();
  }

  destroy(): void {
    this.#exchange = null;
    this.#phase = "closing";
    // A plain end would make an answer that ends with the connection look complete.
    this.socket.resetAndDestroy();
  }

  takeHeld(): Buffer | null {
    return this.#received.take();
  }

  cut(replicaId: string | null): boolean {
    const exchange = this.#exchange;
    if (exchange === null || (replicaId !== null && !exchange.isOn(replicaId))) return false;
    return exchange.cut();
  }

  endIfIdle(): void {
    if (this.#phase === "idle") this.#linger();
  }

  refuse(): void {
    this.answer("too-many-connections");
  }

  makeRoom(): void {
    if (this.#phase === "idle") this.#linger();
    else if (this.#phase === "head") this.answer("too-many-connections");
    else if (this.#waiting === "requestBody") this.#exchange?.giveUp("too-many-connections");
    else this.#exchange?.timedOut(this.#waiting);
  }

  checkDeadline(now: number): boolean {
    if (this.#isStalled(now - this.#plane.timeouts.tickMs)) this.#exchange?.stalled();
    const slow = this.#takesItsTime(now);
    // Who reads may do so for as long as that is not too slow.
    if (!slow && (now < this.#deadline || this.#hasToRead)) return false;
    if (this.#phase === "exchange") this.#exchange?.timedOut(this.#waiting);
    else if (slow) this.destroy();
    else if (this.#phase === "idle") this.#linger();
    else if (this.#phase === "head") this.answer("head-timeout");
    else this.socket.destroy();
    return true;
  }

  /** Whether its replica owes it the head of an answer for too long at `now`. */
  #isStalled(now: number): boolean {
    if (this.#waiting !== "responseHead" && this.#waiting !== "replicaReading") return false;
    return this.#phase === "exchange" && now - this.#since >= this.#plane.timeouts.stalledAfterMs;
  }

  /** Whether it sends, or reads, too slowly. */
  #takesItsTime(now: number): boolean {
    const { bodyIdleMs, tickMs } = this.#plane.timeouts;
    if (this.#hasToRead) {
      const taken = bytesTaken(this.socket);
      this.#readerPace ??= new ReaderPace(taken, now);
      return this.#readerPace.tooSlow(taken, now, bodyIdleMs);
    }
    this.#readerPace = null;
    if (this.#phase !== "exchange" || this.#waiting !== "requestBody") return false;
    this.#pace?.awaited(tickMs);
    return this.#pace?.tooSlow ?? false;
  }

  /** It is waited for until it takes what was sent to it. */
  get #hasToRead(): boolean {
    if (this.#phase === "exchange") return this.#waiting === "clientReading";
    return this.#phase !== "head" && this.socket.writableLength > 0;
  }

  /** Takes bytes that the client sent; they are valid during the call. */
  receive(data: Buffer): void {
    const exchange = this.#exchange;
    if (this.#phase === "closing") return;
    if (exchange === null) {
      this.#hold(data);
      this.#takeRequests();
    } else if (exchange.tunnel !== null) {
      exchange.tunnel.fromClient(Buffer.from(data));
    } else if (exchange.body.done) {
      this.#hold(data);
    } else {
      this.#receiveBody(exchange, Buffer.from(data));
    }
    this.#received.keep();
  }

  /** What follows the body is left for the next request. `bytes` are the exchange's to keep. */
  #receiveBody(exchange: Exchange, bytes: Buffer): void {
    const taken = this.#pass(exchange, bytes);
    if (taken < bytes.length && this.#exchange === exchange) this.#hold(bytes.subarray(taken));
  }

  /** Hands over what is body of `data`; the index after it. */
  #pass(exchange: Exchange, data: Buffer): number {
    const taken = exchange.receive(data);
    if (this.#pace !== null && this.#exchange === exchange) {
      this.#pace.bytes += taken;
      if (this.#pace.bytes > this.#plane.front.maxBodyBytes) exchange.giveUp("body-too-large");
    }
    return taken;
  }

  #hold(data: Buffer): void {
    this.#received.add(data);
    if (this.#received.length > maxHeldBytes) this.socket.pause();
  }

  #drained(): void {
    if (this.#exchange !== null) {
      this.#exchange.clientDrained();
    } else if (this.#phase !== "closing") {
      this.socket.resume();
      this.#takeRequests();
    }
  }

  // A client that pipelines without reading must not fill the memory with answers.
  #mayTakeNext(): boolean {
    return this.#exchange === null && this.#phase !== "closing" && !this.#unread();
  }

  // A large answer that the kernel took at once needs no drain either.
  #unread(): boolean {
    return this.socket.writableNeedDrain && this.socket.writableLength > 0;
  }

  // A loop, because an exchange may be over before `start` returns.
  #takeRequests(): void {
    if (this.#taking) return;
    this.#taking = true;
    while (this.#received.length > 0 && this.#mayTakeNext()) {
      const head = this.#received.nextHead();
      if (head === null) {
        this.#awaitHead();
        break;
      }
      if (typeof head === "string") this.answer(head);
      else this.#begin(head);
    }
    this.#taking = false;
    if (this.#clientEnded && this.#mayTakeNext()) this.#linger();
  }

  #awaitHead(): void {
    const begun = this.#phase === "idle" && this.#received.beginsHead;
    if (begun) this.#enter("head", this.#plane.timeouts.requestHeadMs);
  }

  #begin(head: RequestHead): void {
    const exchange = new Exchange(this.#plane, this, head);
    this.#exchange = exchange;
    this.#phase = "exchange";
    this.#pace = exchange.body.done ? null : new BodyPace(this.#plane.timeouts.bodyGraceMs);
    if (head.contentLength > this.#plane.front.maxBodyBytes) {
      exchange.giveUp("body-too-large");
      return;
    }
    const first = exchange.body.done ? null : this.#received.take();
    if (first !== null) this.#receiveBody(exchange, first);
    if (this.#exchange !== exchange) return;
    if (!this.#clientEnded || exchange.body.done) {
      exchange.start();
      return;
    }
    exchange.breakOff();
  }

  #ended(): void {
    this.#clientEnded = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      // What it has sent in one go may still wait for it to read.
      this.#takeRequests();
    } else if (exchange.tunnel !== null) {
      exchange.tunnel.clientEnded();
    } else if (!exchange.body.done || exchange.events !== null) {
      // Nobody sends a FIN and listens to events: whoever closed the page would stay for as long as none comes.
      exchange.breakOff();
    }
  }

  #closed(): void {
    this.#plane.clients.delete(this);
    this.#plane.front.admission.leave(this);
    const exchange = this.#exchange;
    // Who waits for so long and leaves must not go uncounted because no tick came in between.
    if (this.#isStalled(performance.now())) exchange?.stalled();
    this.#exchange = null;
    this.#phase = "closing";
    exchange?.abandon();
  }

  // Who asked for the end of the connection sends nothing more that a reset could be the answer to.
  #heardAll(head: RequestHead | null): boolean {
    const lastRequest = head !== null && !head.keepAlive && head.framing === "none";
    return lastRequest && this.#received.length === 0 && this.socket.writableLength === 0;
  }

  #close(): void {
    this.#phase = "closing";
    this.socket.destroy();
  }

  #linger(): void {
    const unsent = this.socket.writableLength > 0;
    this.#enter("closing", unsent ? this.#plane.timeouts.bodyIdleMs : lingerMs);
    this.#received.drop();
    if (this.socket.destroyed) return;
    this.socket.end();
    this.socket.resume();
  }

  #enter(phase: Phase, timeoutMs: number): void {
    this.#phase = phase;
    this.#setDeadline(timeoutMs);
  }

  #setDeadline(timeoutMs: number): void {
    this.#deadline =
      timeoutMs === 0
        ? Number.POSITIVE_INFINITY
        : this.#plane.tickNow + timeoutMs + this.#plane.timeouts.tickMs;
  }

  /** How long the client may let us wait in what is under way; null: it is not the one who is waited for. */
  #clientTimeout(): number | null {
    const { clientIdleMs, requestHeadMs, bodyIdleMs } = this.#plane.timeouts;
    if (this.#phase === "idle") return clientIdleMs;
    if (this.#phase === "head") return requestHeadMs;
    return this.#phase === "exchange" && this.#waiting === "requestBody" ? bodyIdleMs : null;
  }
}
