/** A table; all columns but the first are aligned to the right. */
export function markdown(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, c) =>
    c === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)];
}

const [docsBegin, docsEnd] = ["<!-- measured -->\n", "\n<!-- /measured -->"];

/** A page of the docs with what a run found in place of what an earlier one did. */
export function intoDocs(page: string, found: string): string {
  const [before, rest] = page.split(docsBegin);
  const after = rest?.split(docsEnd)[1];
  if (before === undefined || after === undefined) throw new Error(`no ${docsBegin} in the page`);
  return `${before}${docsBegin}\n${found}\n${docsEnd}${after}`;
}
