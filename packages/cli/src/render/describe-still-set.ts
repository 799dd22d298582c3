/** What stays over the file after a release that did not stay, and how to take it away; null: nothing. */
export function describeStillSet(overrides: Readonly<Record<string, string>>): string | null {
  const set = Object.entries(overrides);
  if (set.length === 0) return null;
  const values = set.map(([key, value]) => `${key}=${value}`).join(", ");
  const unset = set.map(([key]) => `--unset ${key}`).join(" ");
  return `still set over the file: ${values} (take away: hitless release ${unset})`;
}
