const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const pattern = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/u;

/** Milliseconds of `250ms`, `60s`, `5m`, `1h` or `1d`; null for anything else. */
export function parseDuration(text: string): number | null {
  const found = pattern.exec(text.trim());
  const amount = found?.[1];
  const unit = found?.[2];
  if (amount === undefined || !isUnit(unit)) return null;
  return Math.round(Number(amount) * unitMs[unit]);
}

/** Milliseconds as they are written: whole, in the largest unit that keeps them so (`90s`, `2m`). */
export function writtenDuration(ms: number): string {
  const fitting = Object.entries(unitMs).filter(([, size]) => ms >= size && ms % size === 0);
  const [unit, size] = fitting.at(-1) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

function isUnit(unit: string | undefined): unit is keyof typeof unitMs {
  return unit !== undefined && Object.hasOwn(unitMs, unit);
}
