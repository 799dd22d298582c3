import { z } from "zod";
import { appFileSchema } from "./schema.ts";
import { wholeSchemaAt } from "./schema-walk.ts";

/** The path of an override's key: `config.LOG_LEVEL` → `['config', 'LOG_LEVEL']`. */
export function overridePath(key: string): readonly string[] {
  return key.split(".");
}

/**
 * The decoded app file with `--set` values put in, each at a path into the file (`config.KEY`,
 * `strategy.rolling.maxSurge`). Text becomes a number or boolean where the schema wants one. A path
 * that the schema does not know is put in as well, so that `parseAppFile` reports it.
 */
export function applyOverrides(raw: unknown, overrides: Readonly<Record<string, string>>): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return raw;
  return Object.entries(overrides).reduce<unknown>((file, [key, value]) => {
    const path = overridePath(key);
    return put(file, { path, value: typed(path, value) });
  }, raw);
}

interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What was at the first `depth` steps of the path, with the value put in at its end. */
function put(found: unknown, to: Assignment, depth = 0): unknown {
  const step = to.path[depth];
  if (step === undefined) return to.value;
  const place = found ?? emptyAt(to.path.slice(0, depth));
  if (Array.isArray(place) && isPosition(step, place.length)) {
    const items: readonly unknown[] = place;
    const index = Number(step);
    return [...items.slice(0, index), put(items[index], to, depth + 1), ...items.slice(index + 1)];
  }
  const entries = entriesOf(place);
  // A computed key is always an own property, `__proto__` included.
  return {
    ...Object.fromEntries(entries),
    [step]: put(new Map(entries).get(step), to, depth + 1),
  };
}

/** What the file would hold there before its first entry. */
function emptyAt(path: readonly string[]): unknown {
  const schema = wholeSchemaAt(appFileSchema, path);
  return schema !== undefined && z.safeParse(schema, []).success ? [] : {};
}

function entriesOf(place: unknown): readonly (readonly [string, unknown])[] {
  if (typeof place !== "object" || place === null || Array.isArray(place)) return [];
  return Object.entries(place);
}

function isPosition(step: string, length: number): boolean {
  return /^\d{1,4}$/u.test(step) && Number(step) <= length;
}

/** The text itself where the schema takes text, else the number or boolean that it spells. */
function typed(path: readonly string[], text: string): unknown {
  const schema = wholeSchemaAt(appFileSchema, path);
  const spelled = spelledBy(text);
  if (schema === undefined || z.safeParse(schema, text).success) return text;
  return spelled;
}

function spelledBy(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(?:\.\d{1,15})?$/u.test(text) ? Number(text) : text;
}
