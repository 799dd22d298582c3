/** A whole percentage, written `25%`. */
export type Percent = `${number}%`;

/** Whether a value is a whole percentage of at most 4 digits, such as `25%`. */
export function isPercent(value: unknown): value is Percent {
  return typeof value === "string" && /^\d{1,4}%$/u.test(value);
}

/** The share that `0.5%` is of a whole, 0.005; null for anything that is no percentage up to 100. */
export function parseShare(text: string): number | null {
  const percent = /^(\d{1,3}(?:\.\d{1,4})?)%$/u.exec(text.trim())?.[1];
  if (percent === undefined || Number(percent) > 100) return null;
  return Number((Number(percent) / 100).toFixed(6));
}

/** A share as `parseShare` reads it: 0.005 is `0.5%`. */
export function writtenShare(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
