import type { Http2Session, ServerHttp2Stream } from "node:http2";
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

interface SessionTrack {
  readonly openedAt: number;
  /** It has been told to leave; what it had asked for until it read that is still taken. */
  isTold: boolean;
  /** Requests since the drain began, and those that were under way then, which are not answered yet. */
  open: number;
  /** When it was asked to close: it takes nothing more. */
  closedAt: number | null;
}

/** The connections of one server, so that each can be told to leave, awaited and closed. */
export class Connections {
  /** Those that HTTP/1 is spoken on, TLS or not. */
  readonly #http1 = new Map<Socket, Track>();
  readonly #sessions = new Map<Http2Session, SessionTrack>();
  /** Every TCP connection: those in a TLS handshake, too. */
  readonly #tcp = new Set<Duplex>();
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

  /** Again: nothing. A server that listened before it was served has connections that were not added when they came. */
  addHttp1(socket: Socket): void {
    if (this.#http1.has(socket)) return;
    const now = performance.now();
    this.#http1.set(socket, { openedAt: now, bytes: 0, heardAt: now });
    socket.once("close", () => this.#http1.delete(socket));
  }

  addSession(session: Http2Session): void {
    const openedAt = performance.now();
    this.#sessions.set(session, { openedAt, isTold: false, open: 0, closedAt: null });
    session.once("close", () => this.#sessions.delete(session));
  }

  /**
   * A request of HTTP/2 in the drain: its client is told with it to open the next ones elsewhere, as HTTP/1's header
   * does. Not without one: Node stops reading where GOAWAY was sent and nothing is under way, and a request that
   * comes then waits for ever.
   */
  usedBy(stream: ServerHttp2Stream): void {
    const { session } = stream;
    const track = session && this.#sessions.get(session);
    if (!session || !track) return;
    track.open += 1;
    stream.once("close", () => {
      track.open -= 1;
      if (track.open === 0) closeNextTurn(session, track);
    });
    if (!track.isTold) tell(session, track);
  }

  /** A request came in. */
  used(socket: Socket): void {
    const opened = this.#http1.get(socket)?.openedAt;
    if (opened !== undefined && opened > (this.lastUsefulAt ?? 0)) this.lastUsefulAt = opened;
  }

  /** The same for HTTP/2's connections that nobody was told on. One that does not go when it has closed is cut. */
  closeIdleSessions(busy: ReadonlySet<object>, since: number, lingerMs: number): void {
    const now = performance.now();
    for (const [session, track] of this.#sessions) {
      const quietSince = Math.max(since, track.closedAt ?? track.openedAt);
      if (busy.has(session) || now - quietSince < lingerMs) continue;
      if (track.closedAt === null) close(session, track);
      else session.destroy();
    }
  }

  /**
   * Closes the HTTP/1 connections that nobody has used for `lingerMs`. One that has never sent a byte is counted
   * from when it was opened, the others from the later of their last byte and `since`.
   */
  closeIdle(busy: ReadonlySet<object>, since: number, lingerMs: number): void {
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
    for (const session of this.#sessions.keys()) session.destroy();
    for (const socket of this.#http1.keys()) socket.destroy();
    for (const socket of this.#tcp) socket.destroy();
  }
}

/** Whoever answers the ping has read what was sent before it: what it asked for until then has come, and no more comes. */
function tell(session: Http2Session, track: SessionTrack): void {
  if (session.closed || session.destroyed) return;
  track.isTold = true;
  session.goaway(0, anyStream);
  session.ping(() => {
    if (track.open === 0) closeNextTurn(session, track);
  });
}

/** Before 20.19.2 and 22.16, Node forgets what it was about to write to a session that is closed, or was before its last stream was. */
function closeNextTurn(session: Http2Session, track: SessionTrack): void {
  setImmediate(() => {
    if (track.open === 0) close(session, track);
  });
}

function close(session: Http2Session, track: SessionTrack): void {
  track.closedAt ??= performance.now();
  if (!session.closed) session.close();
}
