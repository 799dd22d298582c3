import { printable } from "../output.ts";
import type { Meaning, Paint } from "./paint.ts";

/** A part of a line, with what it means. */
export type Piece = string | readonly [Meaning, string];

/** A line as text: cut to the width, coloured, and free of what a terminal would obey. */
export function lineOf(pieces: readonly Piece[], { width, paint }: Canvas): string {
  let left = width;
  const texts: string[] = [];
  for (const piece of pieces) {
    const [meaning, raw] = typeof piece === "string" ? [null, piece] : piece;
    const text = cut(printable(raw).replaceAll(/\s/g, " "), left);
    left -= text.length;
    texts.push(meaning === null ? text : paint(meaning, text));
  }
  return texts.join("").trimEnd();
}

/** What a line is put on. */
export interface Canvas {
  /** Columns. */
  readonly width: number;
  readonly paint: Paint;
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 0 ? "" : `${text.slice(0, width - 1)}…`;
}

/** Cells of a table; numbers go to the right. */
export function padded(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, n) => {
      const width = widths[n] ?? 0;
      return n === 0 ? cell.padEnd(width) : cell.padStart(width);
    })
    .join("  ");
}
