import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from "yaml";

/** Where something stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A path into the app file, and whether the key or the value at its end is meant. */
export interface Place {
  readonly path: readonly (string | number)[];
  readonly at: "key" | "value";
}

/** A parsed YAML file. */
export interface YamlFile {
  readonly document: Document;
  readonly lines: LineCounter;
}

/**
 * Where a place is in the file. What is missing stands at the key of the mapping it is missing from
 * (the start of the file for the outermost). Aliases are followed to where the value is written.
 */
export function positionOf(file: YamlFile, place: Place): Position {
  const offset = offsetOf(file.document, place);
  const { line, col } = file.lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(document: Document, { path, at }: Place): number {
  let node = resolved(document, document.contents);
  let offset = startOf(node);
  for (const [depth, step] of path.entries()) {
    const entry = entryOf(node, step);
    if (entry === undefined) return offset;
    const isLast = depth === path.length - 1;
    offset = startOf(isLast && at === "value" ? (entry.value ?? entry.key) : entry.key);
    node = resolved(document, entry.value);
  }
  return offset;
}

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

function entryOf(node: unknown, step: string | number): Entry | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { key: item, value: item };
  }
  if (!isMap(node)) return undefined;
  return node.items.find((pair: Pair) => keyText(pair.key) === String(step));
}

function keyText(key: unknown): string {
  if (!isScalar(key)) return String(key);
  return key.value === null ? "" : String(key.value);
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number {
  const range: Node["range"] = isNode(node) ? node.range : null;
  return range?.[0] ?? 0;
}
