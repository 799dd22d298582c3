/** A length of time for people, to the second: `42 s`, `6 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function describeTime(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two([Math.floor(seconds / 60), "min"], [seconds % 60, "s"]);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return two([Math.floor(minutes / 60), "h"], [minutes % 60, "min"]);
  const hours = Math.floor(minutes / 60);
  return two([Math.floor(hours / 24), "d"], [hours % 24, "h"]);
}

type Part = readonly [number, string];

function two([many, unit]: Part, [rest, smaller]: Part): string {
  return rest === 0 ? `${many} ${unit}` : `${many} ${unit} ${rest} ${smaller}`;
}
