/** Runs all, `width` at a time, and returns what each came to, in their order; the first failure ends it. */
export async function inTurns<T>(
  tasks: readonly (() => Promise<T>)[],
  width: number,
): Promise<readonly T[]> {
  const results: T[] = [];
  const left = [...tasks.entries()];
  let failed = false;
  const lane = async () => {
    for (let next = left.shift(); next !== undefined && !failed; next = left.shift()) {
      const [index, task] = next;
      try {
        results[index] = await task();
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const lane of lanes) if (lane.status === "rejected") throw lane.reason;
  return results;
}
