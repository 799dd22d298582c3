import { changed } from "../trace/change.ts";
import { nameOf } from "../trace/plain.ts";
import { type RecordedLine, recordedLineSchema } from "../trace/recorded-line.ts";

/** The instant at which an anonymised trace begins: small, and not the 0 that could mean "never". */
const beginsAt = 1_000_000;
/** Instants are the only numbers of 13 digits. */
const instant = /(?<![\w.])1\d{12}(?![\w.])/g;

/** A trace that tells nothing of its time, nor of the words that are given with others for them. */
export function anonymisedTrace(
  lines: readonly string[],
  words: ReadonlyMap<string, string>,
): readonly string[] {
  const first = Math.min(...lines.flatMap((line) => (line.match(instant) ?? []).map(Number)));
  const texts = lines.map((line) => {
    const timed = line.replace(instant, (at) => String(Number(at) - first + beginsAt));
    return [...words].reduce((text, [word, instead]) => text.replaceAll(word, instead), timed);
  });
  return renamed(texts.map((text) => recordedLineSchema.parse(JSON.parse(text))));
}

/** An app that reads differently now has another name. */
function renamed(lines: readonly RecordedLine[]): readonly string[] {
  let app: unknown = null;
  return lines.map((line) => {
    if (line.kind === "start") app = line.app;
    if (line.kind === "saved") app = changed(app, line.app);
    return JSON.stringify(line.kind === "turn" ? { ...line, app: nameOf(app) } : line);
  });
}
