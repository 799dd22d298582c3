import type { Socket } from "node:net";
import { defaultTimeouts } from "../../packages/proxy/src/timeouts.ts";
import { ClientConnection } from "../../packages/proxy/src/worker/client-connection.ts";
import { DataPlane } from "../../packages/proxy/src/worker/data-plane.ts";
import type { Intake } from "../../packages/proxy/src/worker/dial.ts";
import { isInterim, Llhttp, type Message, type Understood } from "./llhttp.ts";
import { MemorySocket } from "./memory-socket.ts";

/** As that of all accepted connections: valid during a call only. */
const shared = Buffer.alloc(65_536);

/** How the world around a run behaves; it must not matter. */
export interface Around {
  /** Replicas act between two pieces of a client. */
  readonly eager: boolean;
  /** Nobody reads at once. */
  readonly slow: boolean;
}

/** What the client understood of what it got. */
export interface Answers extends Understood {
  /** Bytes that came when by its own word nothing could come any more. */
  readonly beyond: number;
  readonly switched: boolean;
}

/** What came out of the plane for the bytes of one client. */
export interface RequestOutcome {
  /** What the replicas understood, in the order in which it was forwarded. */
  readonly forwarded: readonly Message[];
  /** Bytes that a replica could not make sense of; null: none. */
  readonly nonsense: string | null;
  readonly answers: Answers;
  /** The proxy ended the connection, in good order or broke it. */
  readonly ended: boolean;
}

/** What came out of the plane for the bytes of one replica. */
export interface ResponseOutcome {
  readonly answers: Answers;
  readonly ended: boolean;
  readonly broken: boolean;
  /** All that the client got, as latin1 text. */
  readonly raw: string;
  /** The replica's connection was kept for another request. */
  readonly kept: boolean;
  /** The answer to an honest request that followed on the client's connection; null: it was closed. */
  readonly second: Message | null;
}

interface UpstreamSide {
  readonly socket: MemorySocket;
  readonly parser: Llhttp;
  answered: number;
  connected: boolean;
}

/** How the replicas of a run answer a complete request. */
type Answer = (side: UpstreamSide, message: Message) => void;

/** The data plane of a worker between sockets in memory: everything it does, it does at once. */
export class MemoryPlane {
  readonly #plane = new DataPlane(defaultTimeouts, (_address, intake) => this.#dial(intake));
  #sides: UpstreamSide[] = [];
  #forwarded: Message[] = [];
  #answer: Answer = () => undefined;
  #slow = false;

  constructor() {
    this.#plane.apply({
      generation: 1,
      ruleGeneration: 1,
      rule: { kind: "byReplica", revisions: [1] },
      replicas: [{ id: "a", revision: 1, host: "127.0.0.1", port: 1 }],
    });
  }

  close(): void {
    this.#plane.close();
  }

  /** Gives the plane a client's bytes in pieces. */
  request(pieces: readonly Buffer[], { eager, slow }: Around): RequestOutcome {
    this.#slow = slow;
    this.#answer = (side, message) => side.socket.deliver(honestAnswer(message));
    const { socket, answers } = this.#openClient();
    for (const piece of pieces) {
      socket.deliver(piece);
      if (eager) this.#pump(socket);
    }
    this.#pump(socket);
    return this.#settled(socket, answers);
  }

  #settled(socket: MemorySocket, answers: Llhttp): RequestOutcome {
    const { ended, destroyed } = socket;
    const outcome = {
      forwarded: this.#forwarded,
      nonsense: this.#nonsense(),
      answers,
      ended: ended || destroyed,
    };
    this.#takeDown(socket);
    return outcome;
  }

  #nonsense(): string | null {
    for (const { parser, socket } of this.#sides) {
      if (parser.refusal !== null) return `${parser.refusal.code} in ${socket.received}`;
      if (parser.beyond > 0) return `${parser.beyond} bytes too many in ${socket.received}`;
    }
    return null;
  }

  /** Gives the plane a replica's bytes in pieces, as the answer to `request`. */
  response(
    request: string,
    pieces: readonly Buffer[],
    { eof, slow }: { readonly eof: boolean; readonly slow: boolean },
  ): ResponseOutcome {
    this.#slow = slow;
    this.#answer = (side) => {
      for (const piece of pieces) {
        side.socket.deliver(piece);
        this.#pump(socket);
      }
      if (eof) side.socket.deliverEnd();
    };
    const head = request.startsWith("HEAD ");
    const { socket, answers } = this.#openClient((answer) => head && !isInterim(answer));
    socket.deliver(Buffer.from(request, "latin1"));
    this.#pump(socket);
    if ((socket.ended || socket.destroyed) && !socket.broken) answers.end();
    const outcome = {
      answers: understoodSoFar(answers),
      ended: socket.ended || socket.destroyed,
      broken: socket.broken,
      raw: socket.received,
      kept: this.#sides.length === 1 && this.#sides[0]?.socket.destroyed === false,
    };
    const done = answers.messages.at(-1);
    const open = !outcome.ended && done?.complete === true && !isInterim(done);
    const second = open && !answers.switched ? this.#askAgain(socket) : null;
    this.#takeDown(socket);
    return { ...outcome, second };
  }

  #askAgain(socket: MemorySocket): Message | null {
    this.#answer = (side, message) => side.socket.deliver(honestAnswer(message));
    const from = socket.received.length;
    socket.deliver(Buffer.from("GET /second HTTP/1.1\r\nHost: a\r\n\r\n"));
    this.#pump(socket);
    const answers = new Llhttp({ kind: "response" });
    answers.feed(Buffer.from(socket.received.slice(from), "latin1"));
    return answers.messages[0] ?? null;
  }

  #openClient(bodiless = (_answer: Message, index: number) => this.#isHead(index)) {
    this.#sides = [];
    this.#forwarded = [];
    const answers = new Llhttp({ kind: "response", bodiless });
    const onWrite = (bytes: Buffer) => answers.feed(bytes);
    let client: ClientConnection | null = null;
    const received = (count: number) => {
      client?.receive(shared.subarray(0, count));
      // The next read may be another client's.
      shared.fill("#", 0, count);
    };
    const intake = { nextBuffer: () => shared, received };
    const socket = new MemorySocket({ onWrite, intake, slow: this.#slow });
    client = new ClientConnection(this.#plane, socket.asSocket());
    return { socket, answers };
  }

  #isHead(answer: number): boolean {
    return this.#forwarded[answer]?.method === "HEAD";
  }

  #dial(intake: Intake): Socket {
    const parser = new Llhttp({ kind: "request" });
    const onWrite = (bytes: Buffer) => {
      const before = parser.messages.length;
      parser.feed(bytes);
      this.#forwarded.push(...parser.messages.slice(before));
    };
    const socket = new MemorySocket({ onWrite, intake, slow: this.#slow });
    this.#sides.push({ socket, parser, answered: 0, connected: false });
    return socket.asSocket();
  }

  /** Lets everything happen that can. */
  #pump(client: MemorySocket): void {
    for (let moved = true; moved; ) {
      moved = client.pump();
      for (const side of this.#sides) {
        if (this.#pumpSide(side)) moved = true;
      }
    }
  }

  #pumpSide(side: UpstreamSide): boolean {
    const { socket, parser } = side;
    if (!side.connected && !socket.destroyed) {
      side.connected = true;
      socket.emit("connect");
      return true;
    }
    const message = parser.messages[side.answered];
    if (message?.complete === true && !socket.destroyed) {
      side.answered += 1;
      this.#answer(side, message);
      return true;
    }
    return socket.pump();
  }

  #takeDown(client: MemorySocket): void {
    this.#answer = () => undefined;
    client.destroy();
    for (const { socket } of this.#sides) socket.destroy();
    this.#pump(client);
  }
}

function understoodSoFar({ messages, refusal, beyond, switched }: Llhttp): Answers {
  return { messages: [...messages], refusal, beyond, switched };
}

/** What an app answers that keeps connections as asked and takes no part in upgrades. */
function honestAnswer({ version, keepAlive, target }: Message): Buffer {
  const stay = version === "1.0" && keepAlive ? "Connection: keep-alive\r\n" : "";
  const persistence = keepAlive ? stay : "Connection: close\r\n";
  const lines = `Content-Length: 0\r\nX-Target: ${target}\r\n${persistence}`;
  return Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`, "latin1");
}
