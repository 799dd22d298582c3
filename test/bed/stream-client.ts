/** Which stream it is: by kind and by the number of the client. */
export interface StreamId {
  readonly kind: "sse" | "websocket";
  readonly client: number;
}

/** Who was at the far end, by its own word. */
export interface FarEnd {
  readonly revision: string;
  readonly replica: string;
  readonly pid: number;
}

/** What became of one stream. */
export interface StreamEnd extends StreamId {
  /** Milliseconds of `performance.now`. */
  readonly at: number;
  readonly from: FarEnd;
  /** Events or messages that were read whole. */
  readonly whole: number;
  /** What was wrong with the end, or with anything before it; null: it ended as it should. */
  readonly fault: string | null;
}

/** Whom a stream tells what it sees. */
export interface StreamWatcher {
  /** The first whole event or message of it. */
  opened(from: FarEnd): void;
  /** Once; nothing follows. */
  ended(from: FarEnd | null, whole: number, fault: string | null): void;
}

/** Reads what the app of `apps/streams` counts, in order and without a gap. */
export class CountReader {
  from: FarEnd | null = null;
  whole = 0;

  /** Takes one whole text; what is wrong with it, or null. */
  take(text: string): string | null {
    const { n, fill, ...from }: { n: number; fill: string } & FarEnd = JSON.parse(text);
    if (n !== this.whole + 1) return `number ${n} after ${this.whole}`;
    if (fill !== "x".repeat((n * 37) % 200)) return `number ${n} is garbled`;
    if (this.from !== null && this.from.pid !== from.pid) return "another process goes on";
    this.from = from;
    this.whole = n;
    return null;
  }
}
