/**
 * Runs `work` for every item, at most `limit` at a time. After a failure no further item is begun,
 * those under way are awaited, and the first failure is thrown: nothing runs on behind the caller.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const runner = async (): Promise<void> => {
    for (
      let turn = queue.next();
      turn.done !== true && failures.length === 0;
      turn = queue.next()
    ) {
      try {
        await work(turn.value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, runner));
  if (failures.length > 0) throw failures[0];
}
