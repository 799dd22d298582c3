/** Who answered, by the answer's own body. */
export interface Identity {
  readonly version: string;
  /** Null from an app that was not told its revision. */
  readonly revision: string | null;
  readonly pid: string;
  /** `KEY=value` entries of the `config` field. */
  readonly config: readonly string[];
  /** The digest that an answer to a POST echoes. */
  readonly sha256: string | null;
}

/** The fields of an answer's body that we read; nothing is known of their types. */
interface Fields {
  readonly version?: unknown;
  readonly revision?: unknown;
  readonly pid?: unknown;
  readonly config?: unknown;
  readonly sha256?: unknown;
}

/** The identity in a JSON body, or null when it is not JSON or lacks `version` or `pid`. */
export function identityOf(body: string): Identity | null {
  const fields = parsed(body);
  const version = textOf(fields?.version);
  const pid = textOf(fields?.pid);
  if (fields === null || version === null || pid === null) return null;
  return {
    version,
    revision: textOf(fields.revision),
    pid,
    config: isObject(fields.config)
      ? Object.entries(fields.config).map(([key, value]) => `${key}=${value}`)
      : [],
    sha256: textOf(fields.sha256),
  };
}

function parsed(body: string): Fields | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    // Not JSON is an answer we judge, not a fault of ours.
    return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  if (typeof value === "string") return value === "" ? null : value;
  return typeof value === "number" ? String(value) : null;
}
