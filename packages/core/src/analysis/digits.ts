/** A number for people: to four digits, never with a power of ten. */
export function digits(n: number): string {
  if (n !== 0 && Math.abs(n) < 1e-4) return "nearly 0";
  return Math.abs(n) >= 1e6 ? n.toFixed(0) : String(Number(n.toPrecision(4)));
}

/** A share from 0 to 1: `0.5 %`. */
export function percent(share: number): string {
  return `${digits(share * 100)} %`;
}
