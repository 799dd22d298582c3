import type { Driver } from "./driver.ts";

/** One test of one clause of the `Engine` contract. */
export interface ClauseTest {
  /** Its number in the doc comment of `ports/engine.ts`. */
  readonly clause: number;
  /** A sentence about what every engine does. */
  readonly name: string;
  readonly run: (driver: Driver) => Promise<void>;
}
