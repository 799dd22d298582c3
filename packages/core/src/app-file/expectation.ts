/** What a key must be, and what to write instead: both sides of the message that zod carries. */
export interface Expectation {
  /** Completes "it must be …". */
  readonly be: string;
  /** What to do next, where that is more than following `be`. */
  readonly hint?: string;
}

const separator = "\n";

/** Packs an expectation into a zod error message; `readExpectation` takes it out again. */
export function must(be: string, hint?: string): string {
  return hint === undefined ? be : `${be}${separator}${hint}`;
}

/** The expectation in a zod error message made by `must`. */
export function readExpectation(message: string): Expectation {
  const [be = message, hint] = message.split(separator);
  return hint === undefined ? { be } : { be, hint };
}
