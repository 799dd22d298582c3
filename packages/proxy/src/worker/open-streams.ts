import { StreamPace } from "../streams/stream-pace.ts";
import type { Replica } from "./replica.ts";

/** What can stay open for hours; `tunnel` is an upgrade to a protocol whose messages nobody here knows. */
export type StreamKind = "sse" | "websocket" | "tunnel";

/** How many of each are open. */
export type StreamCount = Readonly<Record<StreamKind, number>>;

/** One of them, which may be ended where nothing is lost. */
export interface OpenStream {
  readonly streamKind: StreamKind;
  /** It was told to end. */
  readonly told: boolean;
  /**
   * Ends it where a message ends. In a hurry where a part of one does, if that is all there is; may
   * be told again.
   */
  endStream(hurry: boolean): void;
}

/** The exchange that a stream belongs to. */
export interface StreamOwner {
  /** It was told to the client, where nothing is lost, that this is the end. */
  streamEnded(): void;
  /** Nothing more passes. */
  streamOver(): void;
}

/** How often it is looked whose turn it is, milliseconds. */
const stepMs = 20;

/** The open streams of one worker by replica id, and the pace at which those of a replica are ended. */
export class OpenStreams {
  readonly #open = new Map<string, Set<OpenStream>>();
  readonly #paces = new Map<string, StreamPace>();
  /** Of all replicas that have none of their own. */
  #pace: StreamPace | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** Notes a stream of that replica, and returns it. */
  opened<T extends OpenStream>(replica: Replica | null, stream: T): T {
    if (replica === null) return stream;
    const { id } = replica.upstream;
    const open = this.#open.get(id);
    if (open === undefined) this.#open.set(id, new Set([stream]));
    else open.add(stream);
    return stream;
  }

  closed(replicaId: string, stream: OpenStream): void {
    const open = this.#open.get(replicaId);
    open?.delete(stream);
    if (open?.size === 0) this.#open.delete(replicaId);
  }

  /** The windows of all replicas that drain, milliseconds; one that runs already goes on. */
  drainOnly(windows: ReadonlyMap<string, number>): void {
    for (const id of this.#paces.keys()) {
      if (!windows.has(id)) this.#paces.delete(id);
    }
    for (const [id, windowMs] of windows) this.drain(id, windowMs);
  }

  /**
   * Ends the streams of that replica, null: of all, evenly over that time; those that come later too. Of
   * two windows the one that is over sooner counts.
   */
  drain(replicaId: string | null, windowMs: number): void {
    const pace = new StreamPace(performance.now(), windowMs);
    if (replicaId === null) this.#pace = sooner(this.#pace, pace);
    else this.#paces.set(replicaId, sooner(this.#paces.get(replicaId) ?? null, pace));
    this.#timer ??= setInterval(() => this.#step(), stepMs).unref();
    // What has no time has none to wait for the next step either.
    if (windowMs === 0) this.#step();
  }

  counts(): Readonly<Record<string, StreamCount>> {
    const counts = [...this.#open].map(([id, open]) => {
      const count = { sse: 0, websocket: 0, tunnel: 0 };
      for (const { streamKind } of open) count[streamKind] += 1;
      return [id, count] as const;
    });
    return Object.fromEntries(counts);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #step(): void {
    const now = performance.now();
    const all = this.#pace;
    const others: OpenStream[] = [];
    for (const [id, open] of this.#open) {
      const pace = this.#paces.get(id);
      if (pace === undefined || (all !== null && all.until < pace.until)) others.push(...open);
      else endDue([...open], pace, now);
    }
    for (const [id, pace] of this.#paces) {
      if (!this.#open.has(id)) pace.due(0, now);
    }
    if (all !== null) endDue(others, all, now);
    else if (this.#paces.size === 0) this.close();
  }
}

function sooner(known: StreamPace | null, other: StreamPace): StreamPace {
  return known !== null && known.until <= other.until ? known : other;
}

function endDue(open: readonly OpenStream[], pace: StreamPace, now: number): void {
  const left = open.filter((stream) => !stream.told);
  const due = pace.due(left.length, now);
  for (const stream of left.slice(0, due)) stream.endStream(false);
  if (!pace.isOver(now)) return;
  for (const stream of open) stream.endStream(true);
}
