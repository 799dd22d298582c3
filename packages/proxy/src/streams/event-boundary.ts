const lf = 10;
const cr = 13;
const colon = 58;

/**
 * Finds where a stream of server-sent events may end without loss: at the beginning of a line, with no
 * event begun that the empty line has not ended. Lines end with LF, CR LF or CR; a comment is no
 * part of an event (HTML standard, "Parsing an event stream").
 */
export class EventBoundary {
  #line: "start" | "comment" | "field" = "start";
  /** A field came since the last empty line: a client drops what no empty line ends. */
  #begun = false;
  /** The last byte was a CR, which a LF may still complete. */
  #afterCr = false;

  /** Whether nothing is lost when it ends here. */
  get here(): boolean {
    return this.#line === "start" && !this.#begun;
  }

  /** Whether a LF has to be sent before it ends here: a client may wait for the rest of a CR LF. */
  get needsLf(): boolean {
    return this.#afterCr;
  }

  /** Takes `data` from `from` to `to`. */
  take(data: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += 1) this.#step(data[at] ?? 0);
  }

  /** Takes at least one byte and no more than up to the first boundary; its index, or -1: there is none. */
  find(data: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at += 1) {
      this.#step(data[at] ?? 0);
      const half = this.#afterCr && at + 1 < to && data[at + 1] === lf;
      if (this.here && !half) return at + 1;
    }
    return -1;
  }

  #step(byte: number): void {
    if (byte === lf) {
      if (!this.#afterCr) this.#endLine();
      this.#afterCr = false;
    } else if (byte === cr) {
      this.#endLine();
      this.#afterCr = true;
    } else {
      this.#afterCr = false;
      if (this.#line === "start") this.#beginLine(byte);
    }
  }

  #beginLine(byte: number): void {
    this.#line = byte === colon ? "comment" : "field";
    if (this.#line === "field") this.#begun = true;
  }

  #endLine(): void {
    if (this.#line === "start") this.#begun = false;
    this.#line = "start";
  }
}
