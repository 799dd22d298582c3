import { z } from "zod";

type Schema = z.core.$ZodType;

/**
 * The schemas that a value at `path` may follow, wrappers taken off: several where a key has several
 * forms, none where the schema knows no such path.
 */
function schemasAt(root: Schema, path: readonly (string | number)[]): readonly Schema[] {
  return path.reduce<readonly Schema[]>(
    (schemas, step) => schemas.flatMap((schema) => forms(childOf(schema, step))),
    forms(root),
  );
}

/** The keys that a mapping at `path` may have, each once. */
export function knownKeysAt(root: Schema, path: readonly (string | number)[]): readonly string[] {
  const keys = schemasAt(root, path).flatMap((schema) =>
    schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
  );
  return [...new Set(keys)];
}

/** Paths of the mappings of the app file in which `key` is known, the root left out. */
export function sectionsWith(root: Schema, key: string): readonly string[] {
  return knownKeysAt(root, []).filter((section) => knownKeysAt(root, [section]).includes(key));
}

/** The schema of the value as a whole, wrappers kept, for trying a value on it. */
export function wholeSchemaAt(root: Schema, path: readonly string[]): Schema | undefined {
  const key = path.at(-1);
  if (key === undefined) return root;
  const parents = schemasAt(root, path.slice(0, -1));
  return parents.map((parent) => childOf(parent, key)).find((child) => child !== undefined);
}

function childOf(schema: Schema, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodObject && Object.hasOwn(schema.shape, step)) return schema.shape[step];
  return undefined;
}

function forms(schema: Schema | undefined): readonly Schema[] {
  if (schema === undefined) return [];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(forms);
  if (schema instanceof z.ZodPipe) return forms(schema.in);
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault;
  return isWrapper ? forms(schema.unwrap()) : [schema];
}
