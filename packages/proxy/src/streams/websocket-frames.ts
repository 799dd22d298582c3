const opcodeClose = 8;

/**
 * Follows the frames of RFC 6455 §5.2 in the bytes of one direction, which pass by unchanged, and
 * says where one ends. It polices nothing: what the frames may hold is a matter of the two peers.
 */
export class WebSocketFrames {
  /** Bytes read of the header at hand; 0: between two frames. */
  #read = 0;
  #opcode = 0;
  #final = false;
  /** Bytes still to come of the extended length, and of the masking key. */
  #lengthLeft = 0;
  #maskLeft = 0;
  /** Bytes of payload still to come; while the header is read, what is known of them. */
  #left = 0;
  /** A message was begun whose last frame has not come. */
  #fragmented = false;
  #closed = false;

  /** A whole close frame has passed: nothing may follow it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Of no frame only a part has passed. */
  get betweenFrames(): boolean {
    return this.#read === 0;
  }

  /** `betweenFrames`, and no fragmented message is under way. */
  get betweenMessages(): boolean {
    return this.#read === 0 && !this.#fragmented;
  }

  /** Takes at least one byte and at most the rest of a frame; the index after what it took. */
  take(data: Buffer, from: number): number {
    let at = from;
    while (this.#inHeader) {
      if (at === data.length) return at;
      this.#readHeader(data[at] ?? 0);
      at += 1;
    }
    const taken = Math.min(this.#left, data.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#endFrame();
    return at + taken;
  }

  /** Takes all of it. */
  takeAll(data: Buffer): void {
    for (let at = 0; at < data.length; ) at = this.take(data, at);
  }

  get #inHeader(): boolean {
    return this.#read < 2 || this.#lengthLeft > 0 || this.#maskLeft > 0;
  }

  #readHeader(byte: number): void {
    this.#read += 1;
    if (this.#read === 1) {
      this.#final = byte >= 128;
      this.#opcode = byte & 15;
    } else if (this.#read === 2) {
      this.#maskLeft = byte >= 128 ? 4 : 0;
      this.#readLength(byte & 127);
    } else if (this.#lengthLeft > 0) {
      this.#lengthLeft -= 1;
      // Beyond 2^53 it is not exact: a frame of which nobody sees the end.
      this.#left = this.#left * 256 + byte;
    } else {
      this.#maskLeft -= 1;
    }
  }

  #readLength(short: number): void {
    this.#lengthLeft = short === 126 ? 2 : short === 127 ? 8 : 0;
    this.#left = this.#lengthLeft === 0 ? short : 0;
  }

  #endFrame(): void {
    this.#read = 0;
    if (this.#opcode === opcodeClose) this.#closed = true;
    // Control frames may stand between those of a message.
    if (this.#opcode < opcodeClose) this.#fragmented = !this.#final;
  }
}
