/** A body up to this size is kept so that the request can be sent again. Bytes. */
const maxKeptBytes = 65_536;

/** What came of a request body so far, for the case that it has to be sent (again). */
export class KeptBody {
  /** Nothing of it was forgotten. */
  whole = true;
  /** Null: nothing came, or it was forgotten. */
  parts: Buffer[] | null = null;
  #bytes = 0;

  get tooLarge(): boolean {
    return this.#bytes > maxKeptBytes;
  }

  /** Ignored once it was forgotten. */
  add(part: Buffer): void {
    if (!this.whole || part.length === 0) return;
    if (this.parts === null) this.parts = [part];
    else this.parts.push(part);
    this.#bytes += part.length;
  }

  forget(): void {
    this.whole = false;
    this.parts = null;
    this.#bytes = 0;
  }
}
