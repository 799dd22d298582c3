import type { Certificate, Item, Verdict } from "@hitless/load";
import type { Canvas } from "../live/line.ts";
import type { Meaning } from "../live/paint.ts";
import { printable } from "../output.ts";

const words: Readonly<Record<Verdict, readonly [Meaning, string]>> = {
  pass: ["good", "pass"],
  fail: ["bad", "FAIL"],
  "not-tested": ["unsure", "not tested"],
  "not-applicable": ["quiet", "n/a"],
};

const verdictWidth = 12;
const gap = 2;
/** Columns that evidence gets at least, on a narrow terminal. */
const leastWidth = 24;

/** The items as a table that fits the width: verdict, item, evidence; below what failed, its fix. */
export function renderCertificate(found: Certificate, canvas: Canvas): string {
  const titleWidth = Math.max(...found.items.map(({ title }) => title.length)) + gap;
  const lines = found.items.flatMap((item) => itemLines(item, titleWidth, canvas));
  return [...lines, "", totalLine(found, canvas)].join("\n");
}

function itemLines(item: Item, titleWidth: number, { width, paint }: Canvas): readonly string[] {
  const [meaning, word] = words[item.verdict];
  const indent = verdictWidth + titleWidth;
  const room = Math.max(leastWidth, width - indent);
  const [first = "", ...rest] = wrapped(item.evidence, room);
  const verdict = paint(meaning, word) + " ".repeat(verdictWidth - word.length);
  const below = " ".repeat(indent);
  return [
    `${verdict}${item.title.padEnd(titleWidth)}${first}`.trimEnd(),
    ...rest.map((line) => below + line),
    ...fixLines(item, width).map((line) => paint("strong", line)),
  ];
}

function fixLines({ fix }: Item, width: number): readonly string[] {
  if (fix === null) return [];
  const below = " ".repeat(verdictWidth);
  return wrapped(`→ ${fix}`, Math.max(leastWidth, width - verdictWidth)).map(
    (line) => below + line,
  );
}

function totalLine({ counts, behind, drainDelaySeconds }: Certificate, { paint }: Canvas): string {
  const failed = counts.fail === 0 ? "0 failed" : paint("bad", `${counts.fail} failed`);
  const untested = `${counts["not-tested"]} not tested`;
  const text = `${counts.pass} passed, ${failed}, ${untested}`;
  return `${text} (behind ${behind}, drain delay ${drainDelaySeconds} s)`;
}

/** Words in lines of at most `width`; a longer word stands alone. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
