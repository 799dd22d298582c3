import { mutantsOf } from "./mutant.ts";

/** Sabotages of the rules that every mutation is judged by. */
export const invariantMutants = mutantsOf(
  "packages/core/src/reconciler/invariants.ts",
  ["pending-not-referred-to", "what waits is collected", "app.pending?.to,", ""],
  [
    "route-not-referred-to",
    "what requests are sent to is collected",
    "...routedRevisions(app.route.rule),",
    "",
  ],
  [
    "available-not-judged",
    "too few available replicas break no rule",
    "if (healthy > 0 && available < limits.minAvailable) {",
    "if (healthy > 1e9 && available < limits.minAvailable) {",
  ],
  [
    "total-not-judged",
    "too many replicas break no rule",
    "if (added > 0 && total > limits.maxTotal)",
    "if (added > 1e9 && total > limits.maxTotal)",
  ],
  [
    "routed-side-may-go",
    "a revision that gets requests may lose its last replica",
    "if (weight > 0 && scale.replicas === 0) {",
    "if (weight > 1e9 && scale.replicas === 0) {",
  ],
  [
    "warm-side-may-go",
    "a revision that is kept warm may lose replicas",
    "if (kept !== undefined && kept.until > world.now && taken > 0) {",
    "if (kept !== undefined && kept.until > world.now && taken > 1e9) {",
  ],
  [
    "weights-need-no-sum",
    "weights that do not sum to 100 % break no rule",
    "return Math.abs(total - 100) < 1e-9 ? found",
    "return Math.abs(total - 100) < 1e9 ? found",
  ],
  [
    "contract-beside-old-code",
    "contract may run while an old replica still does",
    "s.revision !== app.release?.to && (s.level > 0 || s.replicas.length > 0),",
    "s.revision !== app.release?.to && s.level > 0,",
  ],
);
