/** A whole percentage, written `25%`. */
export type Percent = `${number}%`;

/** Whether a value is a whole percentage of at most 4 digits, such as `25%`. */
export function isPercent(value: unknown): value is Percent {
  return typeof value === "string" && /^\d{1,4}%$/u.test(value);
}
