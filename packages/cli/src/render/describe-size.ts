const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes for people: `512 MiB`, `1.5 GiB`. */
export function describeSize(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${Number(value.toFixed(1))} ${units[power]}`;
}
