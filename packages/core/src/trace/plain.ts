/**
 * A value as a trace holds it: plain JSON, without what an app may have said. Its log lines and the
 * bodies of its probes may hold anything, secrets too, and no decision depends on them: they are
 * only handed on as evidence.
 */
export function plainOf<T>(value: T): unknown {
  const text = JSON.stringify(value, (key, each: unknown) => withoutWords(key, each));
  return text === undefined ? null : JSON.parse(text);
}

/** A short name for a plain value, the same whatever the order of its keys. */
export function nameOf(plain: unknown): string {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(sorted(plain))) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const spoken: ReadonlySet<string> = new Set(["evidence", "error", "because", "detail", "reason"]);
/** What we say ourselves of an answer: `GET /ready → 503`. */
const answered = /^[A-Z]+ \S+ → \d{3}/;

function withoutWords(key: string, value: unknown): unknown {
  if (key === "lastLogLines") return quiet(value);
  if (!spoken.has(key) || typeof value !== "string") return value;
  return answered.exec(value)?.[0] ?? lengthOf(value);
}

function quiet(value: unknown): unknown {
  if (typeof value === "string") return lengthOf(value);
  if (Array.isArray(value)) return value.map(quiet);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, quiet(each)]));
}

/** Of one that was taken away before, what was said of it then. */
function lengthOf(text: string): string {
  return /^\(\d+ characters\)$/.test(text) ? text : `(${text.length} characters)`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, sorted(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
