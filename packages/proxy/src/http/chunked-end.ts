import { isOnlyHeader } from "./header-names.ts";

/** The body goes on after these bytes. */
export const more = -1;
/** The bytes are not a well-formed body. */
export const broken = -2;

const maxChunk = 2 ** 48;
const maxSizeDigits = 16;
/** As llhttp since CVE-2024-22019: all extensions of a body together. Bytes. */
const maxExtensionBytes = 16_384;
const maxTrailerBytes = 8_192;

type State =
  | "size"
  | "extensionName"
  | "extensionValue"
  | "quoted"
  | "escaped"
  | "unquoted"
  | "sizeLf"
  | "data"
  | "dataCr"
  | "dataLf"
  | "trailer"
  | "trailerName"
  | "trailerValue"
  | "trailerLf"
  | "lastLf"
  | "end";

/**
 * Finds the end of a chunked body whose bytes pass by unchanged. States: `size` (hex digits),
 * `extensionName` (after `;`), `extensionValue` (after `=`, or within a token there), `quoted` and
 * `escaped` (in quotes, after a backslash there), `unquoted` (after the closing quote), `sizeLf`,
 * `data`, `dataCr` and `dataLf` (after the data), and after a chunk of size 0 `trailer` (a line
 * begins), `trailerName`, `trailerValue`, `trailerLf`, and `lastLf` of the empty line that ends the
 * body: `end`. Bytes pass on before the end has come, so each is looked at as it comes.
 */
export class ChunkedEnd {
  #state: State = "size";
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** The byte before, within the extensions. */
  #extension = 0;
  #trailerBytes = 0;
  #trailerName = "";

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

  /** Takes a run of data, or a byte of what stands around it; the index after it, or `broken`. */
  advance(data: Buffer, at: number): number {
    if (this.#state === "data") return this.#skipData(data, at);
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
      case "extensionName":
      case "extensionValue":
      case "quoted":
      case "escaped":
      case "unquoted":
        return this.#readExtension(byte);
      case "sizeLf":
        this.#state = this.#left === 0 ? "trailer" : "data";
        return byte === 10;
      case "dataCr":
        this.#state = "dataLf";
        return byte === 13;
      case "dataLf":
        this.#state = "size";
        this.#digits = 0;
        return byte === 10;
      default:
        this.#trailerBytes += 1;
        return this.#trailerBytes <= maxTrailerBytes && this.#readTrailer(byte);
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
    return this.#endExtension(byte);
  }

  // RFC 9112 §7.1.1 without its blanks: what two servers read in two ways is refused.
  #readExtension(byte: number): boolean {
    this.#extensionBytes += 1;
    if (this.#extensionBytes > maxExtensionBytes) return false;
    const before = this.#extension;
    this.#extension = byte;
    switch (this.#state) {
      case "quoted":
        if (byte === 34) this.#state = "unquoted";
        else if (byte === 92) this.#state = "escaped";
        return isText(byte);
      case "escaped":
        this.#state = "quoted";
        return isText(byte);
      case "unquoted":
        return this.#endExtension(byte);
      default:
        return isTokenByte(byte) || this.#endToken(byte, before);
    }
  }

  /** The byte after a token, `before` being the last one of it; or the quote that begins a value. */
  #endToken(byte: number, before: number): boolean {
    if (byte === 34 && before === 61 && this.#state === "extensionValue") {
      this.#state = "quoted";
      return true;
    }
    if (!isTokenByte(before)) return false;
    if (byte !== 61 || this.#state !== "extensionName") return this.#endExtension(byte);
    this.#state = "extensionValue";
    return true;
  }

  #endExtension(byte: number): boolean {
    this.#extension = byte;
    if (byte === 59) this.#state = "extensionName";
    else if (byte === 13) this.#state = "sizeLf";
    else return false;
    return true;
  }

  #readTrailer(byte: number): boolean {
    switch (this.#state) {
      case "trailer":
        this.#trailerName = "";
        this.#state = byte === 13 ? "lastLf" : "trailerName";
        return byte === 13 || this.#readTrailerName(byte);
      case "trailerName":
        return this.#readTrailerName(byte);
      case "trailerValue":
        if (byte === 13) this.#state = "trailerLf";
        return byte === 13 || isText(byte);
      case "trailerLf":
        this.#state = "trailer";
        return byte === 10;
      default:
        this.#state = "end";
        return byte === 10;
    }
  }

  #readTrailerName(byte: number): boolean {
    if (isTokenByte(byte)) {
      this.#trailerName += String.fromCharCode(byte);
      return true;
    }
    this.#state = "trailerValue";
    return (
      byte === 58 && this.#trailerName !== "" && !isOnlyHeader(this.#trailerName.toLowerCase())
    );
  }
}

const tokenBytes: ReadonlySet<number> = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
);

function isTokenByte(byte: number): boolean {
  return tokenBytes.has(byte);
}

function isText(byte: number): boolean {
  return byte === 9 || (byte >= 32 && byte !== 127);
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
