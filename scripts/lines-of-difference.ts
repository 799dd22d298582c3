import type { Difference } from "@hitless/core/testing";

/** A difference of a replay, for people: the line, and below it each value as it is today. */
export function linesOf({ line, what, changes }: Difference): readonly string[] {
  return [
    `line ${line}: ${what}`,
    ...changes.map(([path, ...value]) =>
      value.length === 0
        ? `  ${path.join(".")} is no more`
        : `  ${path.join(".")} is now ${JSON.stringify(value[0])}`,
    ),
  ];
}
