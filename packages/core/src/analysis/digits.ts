/** A number for people: to four digits or more, never with a power of ten. */
export function digits(n: number): string {
  const size = Math.abs(n);
  if (size >= 1000 || n === 0) return Math.round(n).toFixed(0);
  return size < 1e-4 ? "nearly 0" : String(Number(n.toPrecision(4)));
}

/** A share from 0 to 1: `0.5 %`. */
export function percent(share: number): string {
  return `${digits(share * 100)} %`;
}
