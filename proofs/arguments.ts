/** What may stand behind a proof's name, in the order in which it is declared; all may be left out. */
export type Argument =
  | {
      readonly kind: "number";
      /** As the help writes it, in capitals: `RELEASES`. */
      readonly name: string;
      readonly what: string;
      /** The smallest that makes sense. Default: 0. */
      readonly least?: number;
    }
  | {
      /** Known names, any number of them: always the last. */
      readonly kind: "names";
      readonly name: string;
      readonly what: string;
      readonly of: readonly string[];
    }
  | {
      /** Anywhere: `--renew`. */
      readonly kind: "flag";
      readonly name: `--${string}`;
      readonly what: string;
    };

/** A seed, for proofs that draw moments at random. */
export const seedArgument: Argument = {
  kind: "number",
  name: "SEED",
  what: "of what is drawn at random; by default another one each time",
};

/** What is wrong with the arguments, in one line; null when nothing is. */
export function problemOf(args: readonly string[], takes: readonly Argument[]): string | null {
  const flags = takes.filter((each) => each.kind === "flag").map((each) => each.name);
  const unknown = args.find((arg) => arg.startsWith("-") && !flags.some((flag) => flag === arg));
  if (unknown !== undefined) return `${unknown} is no flag of it`;
  const places = takes.filter((each) => each.kind !== "flag");
  const words = args.filter((arg) => !arg.startsWith("-"));
  for (const [index, word] of words.entries()) {
    const last = places.at(-1);
    const place = places[index] ?? (last?.kind === "names" ? last : undefined);
    if (place === undefined) return `${word} is more than it takes`;
    const problem = problemWith(word, place);
    if (problem !== null) return problem;
  }
  return null;
}

/** `[RELEASES] [SEED]`; empty when it takes none. */
export function synopsisOf(takes: readonly Argument[]): string {
  return takes.map((each) => `[${each.name}${each.kind === "names" ? " ..." : ""}]`).join(" ");
}

/** One line for each. */
export function helpOf(takes: readonly Argument[]): readonly string[] {
  const width = Math.max(0, ...takes.map(({ name }) => name.length));
  return takes.map((each) => {
    const names = each.kind === "names" ? `: ${each.of.join(", ")}` : "";
    return `  ${each.name.padEnd(width)}  ${each.what}${names}`;
  });
}

function problemWith(
  word: string,
  place: Exclude<Argument, { readonly kind: "flag" }>,
): string | null {
  if (place.kind === "names") {
    return place.of.includes(word) ? null : `${word} is no ${place.name} of it`;
  }
  const least = place.least ?? 0;
  const right = /^\d+$/.test(word) && Number.isSafeInteger(Number(word)) && Number(word) >= least;
  return right ? null : `${place.name} must be a whole number from ${least} on, not ${word}`;
}
