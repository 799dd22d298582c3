import { setTimeout as after } from "node:timers/promises";

/** Waits until `condition` holds; throws after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${String(condition)}`);
    await after(5);
  }
}
