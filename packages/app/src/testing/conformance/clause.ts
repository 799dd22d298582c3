import type { Bench, Setting } from "./bench.ts";
import type { Subject } from "./subject.ts";

/** One thing that a client, or the receipt, shows of every subject. */
export interface Clause extends Setting {
  /** A sentence about what every server and framework does. */
  readonly name: string;
  /** Default: all. */
  readonly appliesTo?: (subject: Subject) => boolean;
  /** @throws when it does not hold. */
  readonly run: (bench: Bench) => Promise<void>;
}
