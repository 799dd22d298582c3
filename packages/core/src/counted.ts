/** `1 request`, `1,200 requests`: a count with its thing, which takes an `s` for more than one. */
export function counted(count: number, thing: string): string {
  return `${count.toLocaleString("en-US")} ${thing}${count === 1 ? "" : "s"}`;
}
