/** What one cell of the matrix came to. */
export interface CellResult {
  readonly name: string;
  readonly sent: number;
  /** Lost ones that count: on stable, or after the way back. */
  readonly lost: number;
  /** What a bad version itself broke, on its share. */
  readonly own: number;
  readonly faults: readonly string[];
  /** One line for people. */
  readonly text: string;
}
