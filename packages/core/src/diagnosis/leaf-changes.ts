/** One value that differs; undefined on a side where it is absent. */
export interface LeafChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The leaves that differ between two plain objects, in order of their paths. */
export function leafChanges(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly LeafChange[] {
  const old = leavesOf(before, "");
  const fresh = leavesOf(after, "");
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].sort();
  return paths
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }))
    .filter((c) => JSON.stringify(c.before) !== JSON.stringify(c.after));
}

function leavesOf(value: unknown, path: string): ReadonlyMap<string, unknown> {
  const isTree = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isTree) return new Map([[path, value]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [
    ...leavesOf(inner, path === "" ? key : `${path}.${key}`),
  ]);
  return new Map(entries);
}
