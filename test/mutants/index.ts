import { barrierMutants } from "./barriers.ts";
import { beginningMutants } from "./beginning.ts";
import { invariantMutants } from "./invariants.ts";
import { judgingMutants } from "./judging.ts";
import type { Mutant } from "./mutant.ts";
import { reconcilerMutants } from "./reconciler.ts";
import { stopOrderMutants } from "./stop-order.ts";
import { storeMutants } from "./store.ts";

/** Every sabotage that the unit and simulator tier must catch. */
export const mutants: readonly Mutant[] = [
  ...reconcilerMutants,
  ...invariantMutants,
  ...judgingMutants,
  ...storeMutants,
  ...stopOrderMutants,
  ...barrierMutants,
  ...beginningMutants,
];
