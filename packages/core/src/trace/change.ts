/** One place at which two values differ: its path, and what stands there now; nothing when it is gone. */
export type Change = readonly [path: readonly string[], value?: unknown];

/**
 * What turns `before` into `after`, both plain JSON. Objects, and arrays of the same length, are
 * compared place by place; anything else that differs is replaced as a whole.
 */
export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  if (Object.is(before, after)) return [];
  if (!isObject(before) || !isObject(after) || !isAlike(before, after)) return [[[], after]];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    if (!Object.hasOwn(after, key)) return [[[key]] as const];
    if (!Object.hasOwn(before, key)) return [[[key], after[key]] as const];
    return changesBetween(before[key], after[key]).map(
      ([path, ...value]) => [[key, ...path], ...value] as const,
    );
  });
}

/** `before` with the changes made; `before` itself stays as it is. */
export function changed(before: unknown, changes: readonly Change[]): unknown {
  return changes.reduce<unknown>((value, change) => withChange(value, change), before);
}

function withChange(value: unknown, [path, ...replaced]: Change): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replaced[0];
  if (!isObject(value)) throw new TypeError(`there is nothing at "${key}" to change`);
  const gone = rest.length === 0 && replaced.length === 0;
  const below = gone ? undefined : withChange(value[key], [rest, ...replaced]);
  if (Array.isArray(value)) return value.map((each, index) => (`${index}` === key ? below : each));
  const { [key]: _before, ...others } = value;
  return gone ? others : { ...value, [key]: below };
}

type Plain = Readonly<Record<string, unknown>>;

function isAlike(before: Plain, after: Plain): boolean {
  if (Array.isArray(before) !== Array.isArray(after)) return false;
  return !Array.isArray(before) || Object.keys(before).length === Object.keys(after).length;
}

function isObject(value: unknown): value is Plain {
  return typeof value === "object" && value !== null;
}
