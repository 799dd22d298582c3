let second = Number.NaN;
let text = "";

/** The value of `Date` at `now`, milliseconds since 1970 (RFC 9110 §6.6.1); written anew once a second. */
export function httpDate(now: number): string {
  const whole = Math.floor(now / 1000);
  if (whole !== second) {
    second = whole;
    text = new Date(whole * 1000).toUTCString();
  }
  return text;
}
