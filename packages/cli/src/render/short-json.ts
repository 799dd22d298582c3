/** A value of a setting on a line of text: lists and long texts are cut, `--json` has them whole. */
export function shortJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 38)}…${text.at(-1) === '"' ? '"' : ""}` : text;
}
