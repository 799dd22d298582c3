const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";
const clearAll = "\u001b[H\u001b[J";

/** The part of a terminal that a block is drawn on. */
export interface Screen {
  /** 0: it does not say, as a serial line. */
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Whether the stream is a terminal that can go back to a line above. */
export function canDraw(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb";
}

/**
 * Lines at the end of a terminal that are drawn over themselves, line by line, so that nothing
 * flickers. What is above stays. `close` leaves the last state and gives the cursor back.
 */
export class LiveBlock {
  private readonly screen: Screen;
  private height = 0;
  private columns: number | undefined;
  private open = false;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  /** Shows these lines instead of the last ones; each fits the terminal, colours apart. */
  draw(lines: readonly string[]): void {
    const { columns, rows = 0 } = this.screen;
    // One more line than fits would scroll, and the first one would stay for ever.
    const shown = rows === 0 ? lines : lines.slice(0, rows - 1);
    const text = shown.map((line) => `${line}${clearLine}\n`).join("");
    this.screen.write(`${this.open ? "" : hideCursor}${this.back()}${text}${clearBelow}`);
    this.height = shown.length;
    this.columns = columns;
    this.open = true;
  }

  /** The cursor is given back, below the block. Safe to call twice. */
  close(): void {
    if (this.open) this.screen.write(showCursor);
    this.open = false;
    this.height = 0;
  }

  /** To the first line of the block. Nobody knows where that is once the terminal has broken lines anew. */
  private back(): string {
    if (this.height === 0) return "";
    if (this.columns !== this.screen.columns) return clearAll;
    return `\u001b[${this.height}F`;
  }
}
