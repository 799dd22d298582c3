/** One thing that is wrong with an app file. */
export interface AppFileProblem {
  /** Where: keys and list positions from the root. The last one is absent from the file when a key is missing. */
  readonly path: readonly (string | number)[];
  /** What, with which value, and what it must be: `replicas is "four"; it must be …`. */
  readonly message: string;
  /** What to do next, where that is more than following the message. */
  readonly next?: string;
  /** Which of the two at `path` is wrong. */
  readonly at: "key" | "value";
}
