/** Reads the body of one answer out of chunks, and knows where it ends. */
export interface BodyReader {
  /** Whether the end of the body was reached. */
  readonly done: boolean;
  /** Whether the close of the connection is a proper end of this body. */
  readonly endsWithConnection: boolean;
  /** Takes what belongs to the body from `bytes[from..]`; returns the index behind it. */
  push(bytes: Buffer, from: number): number;
  /** The bytes so far, as UTF-8; a body longer than 64 KiB is cut there. */
  text(): string;
}

const maxKept = 64 * 1024;

/** A body of a known length: `Content-Length`, or 0 where the status allows none. */
export class LengthBody implements BodyReader {
  readonly endsWithConnection = false;
  readonly #kept = new KeptBytes();
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  push(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#kept.add(bytes, from, end);
    this.#left -= end - from;
    return end;
  }

  text(): string {
    return this.#kept.text();
  }
}

/** A body that ends with its connection: HTTP/1.0 without a length. */
export class RestOfConnectionBody implements BodyReader {
  readonly done = false;
  readonly endsWithConnection = true;
  readonly #kept = new KeptBytes();

  push(bytes: Buffer, from: number): number {
    this.#kept.add(bytes, from, bytes.length);
    return bytes.length;
  }

  text(): string {
    return this.#kept.text();
  }
}

/** A chunked body (RFC 9112 §7.1), trailers included. Throws `SyntaxError` on a bad frame. */
export class ChunkedBody implements BodyReader {
  readonly endsWithConnection = false;
  readonly #kept = new KeptBytes();
  #state: "size" | "data" | "data-end" | "trailer" | "done" = "size";
  #line = "";
  #left = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  push(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && this.#state !== "done") {
      at = this.#state === "data" ? this.#pushData(bytes, at) : this.#pushLine(bytes, at);
    }
    return at;
  }

  text(): string {
    return this.#kept.text();
  }

  #pushData(bytes: Buffer, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#kept.add(bytes, from, end);
    this.#left -= end - from;
    if (this.#left === 0) this.#state = "data-end";
    return end;
  }

  #pushLine(bytes: Buffer, from: number): number {
    const newline = bytes.indexOf(10, from);
    const end = newline === -1 ? bytes.length : newline + 1;
    this.#line += bytes.toString("latin1", from, end);
    if (newline !== -1) {
      const line = this.#line.trimEnd();
      this.#line = "";
      this.#endLine(line);
    }
    return end;
  }

  #endLine(line: string): void {
    if (this.#state === "trailer") {
      if (line === "") this.#state = "done";
    } else if (this.#state === "data-end") {
      if (line !== "") throw new SyntaxError("a chunk is longer than its size");
      this.#state = "size";
    } else {
      this.#left = chunkSize(line);
      this.#state = this.#left === 0 ? "trailer" : "data";
    }
  }
}

function chunkSize(line: string): number {
  const digits = /^[0-9a-f]{1,12}(?=[;\s]|$)/i.exec(line)?.[0];
  if (digits === undefined)
    throw new SyntaxError(`no chunk size: ${JSON.stringify(line.slice(0, 40))}`);
  return Number.parseInt(digits, 16);
}

class KeptBytes {
  readonly #parts: Buffer[] = [];
  #kept = 0;

  // Copied, because the buffer behind `bytes` is reused for the next read.
  add(bytes: Buffer, from: number, end: number): void {
    const room = Math.min(end, from + maxKept - this.#kept);
    if (room <= from) return;
    this.#parts.push(Buffer.from(bytes.subarray(from, room)));
    this.#kept += room - from;
  }

  text(): string {
    const [only] = this.#parts;
    if (only !== undefined && this.#parts.length === 1) return only.toString();
    return Buffer.concat(this.#parts).toString();
  }
}
