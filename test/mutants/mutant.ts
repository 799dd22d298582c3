/** One small sabotage of a rule: a piece of source and what stands there instead. */
export interface Mutant {
  /** Short and unique, `barrier-of-route-ignored`. */
  readonly name: string;
  /** What goes wrong with it, as a person would notice. */
  readonly breaks: string;
  /** Path from the repository's root. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly put: string;
}

/** Mutants of one file, each as name, what it breaks, what is found and what is put there. */
export function mutantsOf(
  file: string,
  ...each: readonly (readonly [name: string, breaks: string, find: string, put: string])[]
): readonly Mutant[] {
  return each.map(([name, breaks, find, put]) => ({ name, breaks, file, find, put }));
}

/** The source with the sabotage in it. Throws when the place is not there, or not unique. */
export function sabotaged(source: string, { name, file, find, put }: Mutant): string {
  const found = source.split(find).length - 1;
  if (found !== 1) {
    throw new Error(
      `mutant ${name}: ${JSON.stringify(find)} is ${found} times in ${file}, not once`,
    );
  }
  // A function, or `$` in the replacement would mean something.
  return source.replace(find, () => put);
}
