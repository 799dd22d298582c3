import { HeaderFacts } from "./header-scan.ts";

/** The body goes on after these bytes. */
export const more = -1;
/** The bytes are not a well-formed body. */
export const broken = -2;

const maxChunk = 2 ** 48;
const maxSizeDigits = 16;
/** As llhttp since CVE-2024-22019: all extensions of a body together. Bytes. */
const maxExtensionBytes = 16_384;
const maxTrailerBytes = 8_192;

type State = "size" | "extension" | "sizeLf" | "data" | "dataCr" | "dataLf" | "trailer" | "end";

/**
 * Finds the end of a chunked body whose bytes pass by unchanged. States: `size` (hex digits),
 * `extension` (after `;`), `sizeLf`, `data`, `dataCr` and `dataLf` (after the data), `trailer`,
 * entered by a chunk of size 0, and `end`, entered by the empty line that ends the body.
 */
export class ChunkedEnd {
  #state: State = "size";
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailer = "";

  /** The index after the last byte of the body, `more`, or `broken`. */
  scan(data: Buffer, from: number): number {
    let at = from;
    while (at < data.length) {
      at = this.advance(data, at);
      if (at === broken || this.#state === "end") return at;
    }
    return more;
  }

  /** The next bytes are data of a chunk. */
  get inData(): boolean {
    return this.#state === "data";
  }

  /** No chunk is under way: another body may be ended here with a last chunk. */
  get between(): boolean {
    return this.#state === "size" && this.#digits === 0;
  }

  /** The body has ended. */
  get ended(): boolean {
    return this.#state === "end";
  }

  /** Takes a run of data, or a piece of what stands around it; the index after it, or `broken`. */
  advance(data: Buffer, at: number): number {
    if (this.#state === "data") return this.#skipData(data, at);
    if (this.#state === "trailer") return this.#readTrailer(data, at);
    return this.#step(data[at] ?? 0) ? at + 1 : broken;
  }

  #skipData(data: Buffer, at: number): number {
    const taken = Math.min(this.#left, data.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#state = "dataCr";
    return at + taken;
  }

  #step(byte: number): boolean {
    switch (this.#state) {
      case "size":
        return this.#readSize(byte);
      case "extension":
        return this.#readExtension(byte);
      case "sizeLf":
        this.#state = this.#left === 0 ? "trailer" : "data";
        return byte === 10;
      case "dataCr":
        this.#state = "dataLf";
        return byte === 13;
      default:
        this.#state = "size";
        this.#digits = 0;
        return byte === 10;
    }
  }

  #readSize(byte: number): boolean {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#left = this.#digits === 0 ? digit : this.#left * 16 + digit;
      this.#digits += 1;
      return this.#digits <= maxSizeDigits && this.#left <= maxChunk;
    }
    if (this.#digits === 0) return false;
    if (byte === 59) this.#state = "extension";
    else if (byte === 13) this.#state = "sizeLf";
    else return false;
    return true;
  }

  #readExtension(byte: number): boolean {
    if (byte === 13) {
      this.#state = "sizeLf";
      return true;
    }
    this.#extensionBytes += 1;
    const legal = byte === 9 || (byte >= 32 && byte !== 127);
    return legal && this.#extensionBytes <= maxExtensionBytes;
  }

  #readTrailer(data: Buffer, from: number): number {
    const before = this.#trailer.length;
    const room = maxTrailerBytes + 4 - before;
    const text = this.#trailer + data.toString("latin1", from, Math.min(data.length, from + room));
    const end = trailerEnd(text);
    if (end < 0) {
      this.#trailer = text;
      return text.length >= maxTrailerBytes || /[^\r]\n|^\n/.test(text) ? broken : data.length;
    }
    this.#state = "end";
    return validTrailer(text.slice(0, end - 2)) ? from + end - before : broken;
  }
}

function trailerEnd(text: string): number {
  if (text.startsWith("\r\n")) return 2;
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? -1 : end + 4;
}

// A trailer that frames or addresses a message could be merged into the headers by a lax recipient.
function validTrailer(lines: string): boolean {
  const facts = new HeaderFacts("trailer");
  if (facts.scan(lines, 0) !== null) return false;
  return facts.contentLength < 0 && !facts.chunked && facts.host === null;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
