import { HitlessError } from "@hitless/core";
import { z } from "zod";

/** Version of every state file and of every line in the logs. A newer one is refused, an older one is read. */
export const newestSchema = 2;

/** A value with the version that it was written by. */
export interface Versioned<T> {
  readonly schema: number;
  /** How often its file had been written by then; 0 in version 1, which did not count. */
  readonly writes: number;
  readonly value: T;
}

/** What bytes turned out to be: a value, or why they are none, `release.cursor: expected number`. */
export type Opened<T> =
  | { readonly kind: "whole"; readonly versioned: Versioned<T> }
  | { readonly kind: "damaged"; readonly reason: string };

/** The text of a file or a line; `opened` reads it back. */
export function sealed(value: unknown, writes?: number): string {
  return `${JSON.stringify({ schema: newestSchema, writes, value })}\n`;
}

/**
 * Reads bytes that `sealed` made, in this version or an earlier one. `where` is for people: the
 * file, or the file and the line. Throws STATE_UNREADABLE for a newer version, and for nothing else.
 */
export function opened<T>(bytes: Uint8Array, shape: z.ZodType<T>, where: string): Opened<T> {
  if (bytes.length === 0) return damaged("it is empty");
  const parsed = jsonOf(bytes);
  if (parsed.kind === "damaged") return parsed;
  const schema = schemaOf(parsed.json);
  if (schema !== null && schema > newestSchema) throw newer(where, schema);
  const envelope = (schema === newestSchema ? envelope2 : envelope1).safeParse(parsed.json);
  if (!envelope.success) return damaged(firstIssue(envelope.error));
  const value = shape.safeParse(envelope.data.value);
  if (!value.success) return damaged(firstIssue(value.error));
  return { kind: "whole", versioned: { ...envelope.data, value: value.data } };
}

function damaged(reason: string): Extract<Opened<never>, { kind: "damaged" }> {
  return { kind: "damaged", reason };
}

function jsonOf(
  bytes: Uint8Array,
): { readonly kind: "json"; readonly json: unknown } | Extract<Opened<never>, { kind: "damaged" }> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "json", json: JSON.parse(text) };
  } catch {
    // The parser's own words speak of positions in a text that nobody sees.
    return damaged(`its ${bytes.length} bytes are no whole JSON`);
  }
}

const counted = z.int().nonnegative();
const envelope2 = z.object({
  schema: z.literal(newestSchema),
  writes: counted.default(0),
  value: z.unknown(),
});

/** Version 1 had three forms: an envelope, fields beside the version, and lines without a version. */
const enveloped1 = z.strictObject({ schema: z.literal(1), value: z.unknown() });
const envelope1 = z.unknown().transform((json, context) => {
  const enveloped = enveloped1.safeParse(json);
  if (enveloped.success) return { schema: 1, writes: 0, value: enveloped.data.value };
  const flat = z.record(z.string(), z.unknown()).safeParse(json);
  if (flat.success) return { schema: 1, writes: 0, value: flat.data };
  context.addIssue({ code: "custom", message: "expected an object" });
  return z.NEVER;
});

/** The version that something says it has; null when it says none. */
function schemaOf(json: unknown): number | null {
  const said = z
    .union([
      z.looseObject({ schema: z.number() }).transform(({ schema }) => schema),
      z.looseObject({ version: z.number() }).transform(({ version }) => version),
    ])
    .safeParse(json);
  return said.success ? said.data : null;
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const path = z.core.toDotPath(issue?.path ?? []);
  const message = (issue?.message ?? "unknown").replace(/^Invalid input: /, "");
  return path === "" ? message : `${path}: ${message}`;
}

function newer(where: string, schema: number): HitlessError {
  return new HitlessError(
    "STATE_UNREADABLE",
    `${where} was written by a newer Hitless (schema ${schema}; this one reads up to ${newestSchema})`,
    { next: "Run the version that wrote it. Nothing was changed." },
  );
}
