import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The highest id a stream may have: "no new ones, but I still take those that are on their way" (RFC 9113, 6.8). */
const anyStream = 2 ** 31 - 1;

interface Track {
  readonly openedAt: number;
  bytes: number;
  /** When bytes came in last, as far as anybody looked. */
  heardAt: number;
}

/** The connections of one server, so that each can be told to leave, awaited and closed. */
export class Connections {
  /** Those that HTTP/1 is spoken on, TLS or not. */
  readonly #http1 = new Map<Socket, Track>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Every TCP connection: those in a TLS handshake, too. */
  readonly #tcp = new Set<Duplex>();
  #draining = false;
  /** Since the server began. */
  opened = 0;
  /** When the newest connection was opened that a request came in on, in ms of `performance.now()`; probes do not count. */
  lastUsefulAt: number | null = null;

  /** Open ones that somebody speaks HTTP on, or may begin to. */
  get size(): number {
    return this.#http1.size + this.#sessions.size;
  }

  addTcp(socket: Duplex): void {
    this.opened += 1;
    this.#tcp.add(socket);
    socket.once("close", () => this.#tcp.delete(socket));
  }

  addHttp1(socket: Socket): void {
    const now = performance.now();
    this.#http1.set(socket, { openedAt: now, bytes: 0, heardAt: now });
    socket.once("close", () => this.#http1.delete(socket));
  }

  addSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    // Not before its first request, which it has connected for.
    session.once("stream", () => this.#draining && announce(session));
  }

  /** A request came in. */
  used(socket: Socket): void {
    const opened = this.#http1.get(socket)?.openedAt;
    if (opened !== undefined && opened > (this.lastUsefulAt ?? 0)) this.lastUsefulAt = opened;
  }

  /** Tells the clients of HTTP/2 to open their next requests elsewhere. HTTP/1 has its header for that. */
  drain(): void {
    this.#draining = true;
    for (const session of this.#sessions) announce(session);
  }

  /** No further requests on HTTP/2; what is under way there is finished. */
  closeSessions(): void {
    for (const session of this.#sessions) if (!session.closed) session.close();
  }

  /**
   * Closes the HTTP/1 connections that nobody has used for `lingerMs`. One that has never sent a byte is counted
   * from when it was opened, the others from the later of their last byte and `since`.
   */
  closeIdle(busy: ReadonlySet<Duplex>, since: number, lingerMs: number): void {
    const now = performance.now();
    for (const [socket, track] of this.#http1) {
      if (busy.has(socket)) continue;
      if (socket.bytesRead > track.bytes) {
        track.bytes = socket.bytesRead;
        track.heardAt = now;
      }
      const quietSince = track.bytes === 0 ? track.openedAt : Math.max(since, track.heardAt);
      if (now - quietSince >= lingerMs) socket.destroy();
    }
  }

  destroyAll(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#http1.keys()) socket.destroy();
    for (const socket of this.#tcp) socket.destroy();
  }
}

function announce(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) session.goaway(0, anyStream);
}
