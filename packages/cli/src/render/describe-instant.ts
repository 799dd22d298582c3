/** An instant, epoch ms, as every output for people says it: `2026-11-21T15:20:11Z`. */
export function describeInstant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
