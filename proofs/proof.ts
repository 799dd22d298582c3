import type { Argument } from "./arguments.ts";

/** What a proof found. */
export interface Finding {
  /** One line with the numbers: `50 releases, 0 of 48 211 requests lost, control lost 812`. */
  readonly figure: string;
  readonly ok: boolean;
}

/**
 * One promise, shown by doing it. `proofs/NAME.ts` exports `const proof: Proof`; `npm run prove`
 * lists them, `npm run prove -- NAME [args]` runs one and prints its figure last.
 */
export interface Proof {
  /** The promise, in one line. */
  readonly title: string;
  /** How long it takes on two cores, about. */
  readonly seconds: number;
  /** What may follow its name; by default nothing. */
  readonly takes?: readonly Argument[];
  /** The arguments keep to `takes`. */
  run(args: readonly string[]): Promise<Finding>;
}
