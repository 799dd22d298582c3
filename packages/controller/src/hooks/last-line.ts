const keptBytes = 4096;
const longestDetail = 300;

/** Keeps the end of what is written, whatever its length. */
export class LastLine {
  private kept = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    this.kept = Buffer.concat([this.kept, chunk]).subarray(-keptBytes);
  }

  /** The last line with something in it, cut to 300 characters; empty when there is none. */
  get text(): string {
    const lines = this.kept.toString("utf8").split(/[\r\n]+/u);
    // Escape sequences and other control characters would reach terminals that show it.
    const plain = lines.map((line) => line.replace(/\p{Cc}/gu, " ").trim());
    return plain.findLast((line) => line !== "")?.slice(0, longestDetail) ?? "";
  }
}
