/**
 * Lines of a head that do not pass, as offsets into it: start and end of each, one after the other,
 * in ascending order and without overlap. Latin1 text and its bytes have the same offsets.
 */
export type LineRanges = number[];

/** `text` from `from` on without these lines. */
export function textWithout(text: string, from: number, ranges: LineRanges): string {
  let kept = "";
  let at = from;
  for (let i = 0; i < ranges.length; i += 2) {
    kept += text.slice(at, ranges[i]);
    at = ranges[i + 1] ?? text.length;
  }
  return kept + text.slice(at);
}

/**
 * Takes these lines out of `message`, a head with whatever follows it, in place: what stands before
 * them moves towards the end. Returns where the message begins afterwards.
 */
export function closeGaps(message: Buffer, ranges: LineRanges): number {
  let start = ranges.at(-1) ?? 0;
  for (let i = ranges.length - 2; i >= 0; i -= 2) {
    const keptFrom = i === 0 ? 0 : (ranges[i - 1] ?? 0);
    const keptTo = ranges[i] ?? 0;
    start -= keptTo - keptFrom;
    message.copyWithin(start, keptFrom, keptTo);
  }
  return start;
}

/** Adds the line from `start` to `end`, wherever it stands. */
export function insertRange(ranges: LineRanges, start: number, end: number): LineRanges {
  let at = 0;
  while (at < ranges.length && (ranges[at] ?? 0) < start) at += 2;
  return ranges[at] === start ? ranges : [...ranges.slice(0, at), start, end, ...ranges.slice(at)];
}

/** The value of the first header of that name (any case), or null. Linear in the head. */
export function headerValue(text: string, from: number, name: string): string | null {
  const wanted = name.toLowerCase();
  for (let at = from; at < text.length; ) {
    const colon = text.indexOf(":", at);
    if (colon < 0) return null;
    if (colon - at === wanted.length && text.slice(at, colon).toLowerCase() === wanted) {
      return lineValue(text, colon + 1);
    }
    at = text.indexOf("\r\n", at) + 2;
  }
  return null;
}

/** What stands from `from` to the end of the line, without the blanks around it. */
export function lineValue(text: string, from: number): string {
  return trimBlanks(text.slice(from, text.indexOf("\r\n", from)));
}

/** String.trim also takes characters that HTTP does not count as white space, such as 0xA0. */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Whether a line ends without CR, from that index on. */
export function hasBareLineFeed(data: Buffer, from: number): boolean {
  for (let at = data.indexOf(10, from); at >= 0; at = data.indexOf(10, at + 1)) {
    if (data[at - 1] !== 13) return true;
  }
  return false;
}
