/**
 * The known key that was probably meant: the fewest edits (letters added, dropped, changed or two
 * neighbours swapped, upper and lower case alike), at most a third of the key's length; null when none is near.
 */
export function nearestKey(key: string, known: readonly string[]): string | null {
  const best = ranked(key, known)[0];
  if (best === undefined) return null;
  const length = Math.max(Math.min(key.length, longestKey), best.candidate.length);
  const allowed = Math.max(1, Math.floor(length / 3));
  return best.edits <= allowed ? best.candidate : null;
}

/** So many of the known keys, the nearest first, however far. */
export function nearestKeys(
  key: string,
  known: readonly string[],
  count: number,
): readonly string[] {
  return ranked(key, known)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function ranked(key: string, known: readonly string[]) {
  const word = key.slice(0, longestKey).toLowerCase();
  return known
    .map((candidate) => ({ candidate, edits: editDistance(word, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
}

const longestKey = 64;

/** Optimal string alignment distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
