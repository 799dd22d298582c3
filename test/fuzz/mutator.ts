import { connectionLines, headerLines, lengthLines, transferLines } from "./corpus/header-lines.ts";

/** Numbers in [0, 1). */
export type Random = () => number;

/** Any of these. */
export function pick<T>(random: Random, of: readonly T[]): T {
  const one = of[Math.floor(random() * of.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

/** A number from 0 to `below`, not reached. */
function numberBelow(random: Random, below: number): number {
  return Math.floor(random() * below);
}

type Operation = (text: string, random: Random, others: readonly string[]) => string;

const someLines = [...lengthLines, ...transferLines, ...connectionLines, ...headerLines];
const lineEnds = [
  "\n",
  "\r",
  "\r\r\n",
  "\r\n\r\n",
  "",
  "\r\n ",
  "\r\n\t",
  "\n\r",
  "\0\r\n",
  " \r\n",
];
const numbers =
  "0 00 1 3 03 4 5 a A ff 0x1 -1 +1 1e1 15 16 10000000000000000 ffffffffffffffff 999999999999999".split(
    " ",
  );
const tokens = [
  ..."chunked close keep-alive upgrade identity gzip Content-Length Transfer-Encoding Host Connection HTTP/1.1 HTTP/1.0 GET POST HEAD".split(
    " ",
  ),
  ...'0\r\n\r\n|\r\n\r\n|GET /x HTTP/1.1\r\nHost: a\r\n\r\n|HTTP/1.1 200 OK\r\n|;a=b|: |, |\t|"|\\|\0|\x80|\x7f|\x0b'.split(
    "|",
  ),
];

const operations: readonly Operation[] = [
  duplicateLine,
  removeLine,
  moveLine,
  insertLine,
  insertLine,
  changeLineEnd,
  changeLineEnd,
  changeNumber,
  changeNumber,
  insertToken,
  padColon,
  changeCase,
  splice,
  append,
  flipBit,
  setByte,
  removeBytes,
  repeatBytes,
  truncate,
];

/** One to four changes: of lines, sizes and separators, splices of two cases, blind bytes. */
export function mutate(text: string, random: Random, others: readonly string[]): string {
  let changed = text;
  for (let left = 1 + Math.floor(random() ** 3 * 5); left > 0; left -= 1) {
    changed = pick(random, operations)(changed, random, others);
  }
  return changed;
}

/** Pieces of the bytes: whole, cut at a few places, or single bytes. */
export function cut(bytes: Buffer, random: Random): readonly Buffer[] {
  const cuts = random() < 0.05 && bytes.length < 400 ? bytes.length : numberBelow(random, 5);
  const at = new Set(
    Array.from({ length: cuts }, (_, index) => {
      return cuts === bytes.length ? index : numberBelow(random, bytes.length);
    }),
  );
  const places = [...at, bytes.length].sort((a, b) => a - b);
  return places
    .map((to, index) => bytes.subarray(places[index - 1] ?? 0, to))
    .filter((piece) => piece.length > 0);
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function duplicateLine(text: string, random: Random): string {
  const lines = linesOf(text);
  const at = numberBelow(random, lines.length);
  const to = numberBelow(random, lines.length + 1);
  return [...lines.slice(0, to), lines[at] ?? "", ...lines.slice(to)].join("");
}

function removeLine(text: string, random: Random): string {
  const lines = linesOf(text);
  lines.splice(numberBelow(random, lines.length), 1);
  return lines.join("");
}

function moveLine(text: string, random: Random): string {
  const lines = linesOf(text);
  const [line = ""] = lines.splice(numberBelow(random, lines.length), 1);
  lines.splice(numberBelow(random, lines.length + 1), 0, line);
  return lines.join("");
}

function insertLine(text: string, random: Random): string {
  const lines = linesOf(text);
  lines.splice(1 + numberBelow(random, lines.length), 0, pick(random, someLines));
  return lines.join("");
}

function changeLineEnd(text: string, random: Random): string {
  const lines = linesOf(text);
  const at = numberBelow(random, lines.length);
  lines[at] = (lines[at] ?? "").replace(/\r?\n$/, () => pick(random, lineEnds));
  return lines.join("");
}

function changeNumber(text: string, random: Random): string {
  const found = [...text.matchAll(/\b[0-9a-f]+\b/gi)];
  if (found.length === 0) return text;
  const { index, 0: number } = pick(random, found);
  return text.slice(0, index) + pick(random, numbers) + text.slice(index + number.length);
}

function insertToken(text: string, random: Random): string {
  const at = numberBelow(random, text.length + 1);
  return text.slice(0, at) + pick(random, tokens) + text.slice(at);
}

function padColon(text: string, random: Random): string {
  const found = [...text.matchAll(/:/g)];
  if (found.length === 0) return text;
  const at = pick(random, found).index + (random() < 0.5 ? 0 : 1);
  return text.slice(0, at) + pick(random, [" ", "\t", "\x0b", "\0", "\r\n "]) + text.slice(at);
}

function changeCase(text: string, random: Random): string {
  const lines = linesOf(text);
  const at = numberBelow(random, lines.length);
  const line = lines[at] ?? "";
  lines[at] = random() < 0.5 ? line.toUpperCase() : line.toLowerCase();
  return asLatin1(lines.join(""));
}

function splice(text: string, random: Random, others: readonly string[]): string {
  const other = pick(random, others);
  const [mine, its] = [linesOf(text), linesOf(other)];
  const head = mine.slice(0, 1 + numberBelow(random, mine.length));
  return [...head, ...its.slice(numberBelow(random, its.length))].join("");
}

function append(text: string, random: Random, others: readonly string[]): string {
  return text + pick(random, others);
}

function flipBit(text: string, random: Random): string {
  const at = numberBelow(random, text.length);
  const flipped = text.charCodeAt(at) ^ (1 << numberBelow(random, 8));
  return text === "" ? text : withByte(text, at, flipped);
}

function setByte(text: string, random: Random): string {
  return text === ""
    ? text
    : withByte(text, numberBelow(random, text.length), numberBelow(random, 256));
}

function withByte(text: string, at: number, byte: number): string {
  return text.slice(0, at) + String.fromCharCode(byte & 255) + text.slice(at + 1);
}

function removeBytes(text: string, random: Random): string {
  const at = numberBelow(random, text.length + 1);
  return text.slice(0, at) + text.slice(at + 1 + numberBelow(random, 8));
}

function repeatBytes(text: string, random: Random): string {
  const at = numberBelow(random, text.length + 1);
  const to = at + 1 + numberBelow(random, 12);
  return text.slice(0, to) + text.slice(at);
}

function truncate(text: string, random: Random): string {
  return text.slice(0, numberBelow(random, text.length + 1));
}

/** Upper case may leave latin1 (ÿ, µ): then it is as it was not there. */
function asLatin1(text: string): string {
  return text.replace(/[^\0-\xff]/g, "?");
}
