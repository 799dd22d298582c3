/** The last column may be cut so that a row fits the terminal; nothing is cut in a pipe. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined = process.stdout.columns,
): string {
  const all = [head.map((h) => h.toUpperCase()), ...rows.map((row) => row.map(inOneLine))];
  const widths = head.map((_, i) => Math.max(...all.map((r) => (r[i] ?? "").length)));
  return all
    .map((r) =>
      r
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) =>
      width === undefined || line.length <= width ? line : `${line.slice(0, width - 1)}…`,
    )
    .join("\n");
}

/** A message may have lines of its own, which would break the table. */
export function inOneLine(cell: string): string {
  return cell.replace(/\r?\n/g, "\\n").replace(/\t/g, "\\t");
}
