import type { Asked } from "../ask.ts";

const longestLine = 200;

/** `4 ms`, `0.35 s`, `3.0 s`. */
export function seconds(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
}

/** What became of a question: `answered 503`, `was refused (ECONNREFUSED)`. */
export function whatAnswered(asked: Asked): string {
  switch (asked.kind) {
    case "answered":
      return `answered ${asked.status}`;
    case "lost":
      return `was lost: ${asked.loss.cause} (${asked.loss.detail})`;
    case "silent":
      return `got no answer in ${seconds(asked.timeoutMs)}`;
  }
}

/** The last error that an app has told, or its last line, for evidence; empty when it said nothing. */
export function lastWords(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const telling = lines.filter((line) => /error\b/i.test(line)).at(-1) ?? lines.at(-1) ?? "";
  return telling === "" ? "" : `; it said: ${telling.slice(0, longestLine)}`;
}
