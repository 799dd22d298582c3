import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the documentation of errors is held against. */
export interface ErrorRegistry {
  readonly codes: readonly string[];
  readonly exitCodeOf: (code: string) => number;
}

/** Codes without a heading in `docs/errors.md`, stale headings, and wrong exit codes. */
export function refusedErrorDocs(root: string, registry: ErrorRegistry): readonly string[] {
  const path = join(root, "docs", "errors.md");
  const sections = existsSync(path) ? sectionsOf(readFileSync(path, "utf8")) : new Map();
  const missing = registry.codes.filter((code) => !sections.has(code));
  const stale = [...sections.keys()].filter((code) => !registry.codes.includes(code));
  const wrong = registry.codes.filter((code) => {
    const text = sections.get(code);
    return text !== undefined && !text.includes(`**Exit code:** ${registry.exitCodeOf(code)}`);
  });
  return [
    ...missing.map((code) => `${code} has no heading`),
    ...stale.map((code) => `the heading ${code} names no error code`),
    ...wrong.map((code) => `${code} does not say "**Exit code:** ${registry.exitCodeOf(code)}"`),
  ];
}

/** The text below each `## CODE` heading. */
function sectionsOf(markdown: string): ReadonlyMap<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  const named = parts.map((part) => [part.split("\n", 1)[0]?.trim() ?? "", part] as const);
  return new Map(named.filter(([heading]) => /^[A-Z][A-Z_]+$/.test(heading)));
}
