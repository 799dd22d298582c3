/** One step into a JSON value: the name of a member, or the place in a list, from 0. */
export type JsonPath = readonly (string | number)[];

const step = /\.([A-Za-z_][-\w]*)|\[(\d{1,6})\]|\["([^"\\]+)"\]|\['([^'\\]+)'\]/uy;

/** The steps of `$.data[0].value` (also `$["a b"]`); null for anything else, filters and wildcards included. */
export function parseJsonPath(text: string): JsonPath | null {
  if (!text.startsWith("$")) return null;
  const steps: (string | number)[] = [];
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (found === null) return null;
    const [, name, place, quoted, singly] = found;
    steps.push(place === undefined ? (name ?? quoted ?? singly ?? "") : Number(place));
  }
  return steps;
}
