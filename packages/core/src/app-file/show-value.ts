const longest = 60;

/** A value as a message shows it: short, on one line, never the inside of a list or mapping. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return showText(value);
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") {
    return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  }
  if (typeof value === "function" || typeof value === "symbol") return "no plain value";
  return Object.is(value, -0) ? "-0" : String(value);
}

function showText(text: string): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
}

/** A path as a message shows it: `probes.readiness.port`, `secrets[0]`; empty for the whole file. */
export function showPath(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      const name = /^[-\w]{1,64}$/u.test(step) ? step : showText(step);
      return index === 0 ? name : `.${name}`;
    })
    .join("");
}
