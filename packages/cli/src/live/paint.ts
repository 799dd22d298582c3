/** What the text means; on a terminal that shows colours, each has its own. */
export type Meaning = "good" | "bad" | "unsure" | "quiet" | "strong";

/** Puts colours around text, or nothing. */
export type Paint = (meaning: Meaning, text: string) => string;

const codes: Readonly<Record<Meaning, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  unsure: [33, 39],
  quiet: [2, 22],
  strong: [1, 22],
};

export const plain: Paint = (_, text) => text;

const coloured: Paint = (meaning, text) => {
  const [on, off] = codes[meaning];
  return `\u001b[${on}m${text}\u001b[${off}m`;
};

/** Colours for a terminal; none for a pipe, a dumb terminal, or where NO_COLOR is set (no-color.org). */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const unwanted = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return stream.isTTY === true && !unwanted ? coloured : plain;
}
