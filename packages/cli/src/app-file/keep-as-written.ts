import { type Document, isPair, isScalar, isSeq, type Scalar, visit } from "yaml";

const textMappings: readonly unknown[] = ["config", "headers"];

/**
 * Makes text of the numbers and booleans where the app file wants text (variables, headers, list
 * items, the version), as they are written: `1.10` stays `1.10`, `0755` stays `0755`.
 */
export function keepAsWritten(document: Document): void {
  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (key === "key" || !isRewritten(scalar) || !wantsText(ancestors)) return;
      scalar.value = scalar.source;
    },
  });
}

function isRewritten(scalar: Scalar): boolean {
  return scalar.source !== undefined && ["number", "boolean"].includes(typeof scalar.value);
}

/** `ancestors` ends with the list or pair that holds the scalar, after that pair's mapping and its own pair. */
function wantsText(ancestors: readonly unknown[]): boolean {
  const holder = ancestors.at(-1);
  if (isSeq(holder)) return true;
  if (keyOf(holder) === "version" && ancestors.length === 3) return true;
  return textMappings.includes(keyOf(ancestors.at(-3)));
}

function keyOf(pair: unknown): unknown {
  return isPair(pair) && isScalar(pair.key) ? pair.key.value : undefined;
}
