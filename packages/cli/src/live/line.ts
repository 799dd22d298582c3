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
    left -= widthOf(text);
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
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  let kept = "";
  let left = width - 1;
  for (const char of text) {
    left -= widthOf(char);
    if (left < 0) break;
    kept += char;
  }
  return `${kept}…`;
}

/** What takes two columns on a terminal, and what is put over the character before it. */
const wide =
  /[\p{scx=Han}\p{scx=Hangul}\p{scx=Hiragana}\p{scx=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/gu;
const without = /\p{M}|[\u200b-\u200f]/gu;

/** Columns on a terminal. */
function widthOf(text: string): number {
  const visible = text.replaceAll(without, "");
  return [...visible].length + (visible.match(wide)?.length ?? 0);
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
