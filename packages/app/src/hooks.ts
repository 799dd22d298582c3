import type { BudgetedHook } from "./options.ts";
import { reasonOf } from "./reason-of.ts";
import type { HookReceipt } from "./receipt.ts";
import { withTimeout } from "./with-timeout.ts";
import { inSeconds } from "./work.ts";

interface HookEars {
  done(receipt: HookReceipt): void;
  failed(name: string, reason: string): void;
}

/** One after the other, each within its budget; one that fails keeps none of the others from running. */
export async function runHooks(hooks: readonly BudgetedHook[], ears: HookEars): Promise<void> {
  for (const hook of hooks) {
    const began = performance.now();
    const result = await withTimeout((signal) => hook.run(signal), hook.timeoutMs);
    if (result.outcome !== "done") ears.failed(hook.name, reasonOf(result.error));
    const seconds = inSeconds(performance.now() - began);
    ears.done({ name: hook.name, outcome: result.outcome, seconds });
  }
}
