import type { AppEvent } from "@hitless/core";

/** How many replicas the old and the new revision are told to run. */
export interface Levels {
  readonly old: number;
  readonly new: number;
}

export interface LevelsQuery {
  readonly from: number;
  readonly to: number;
  /** Level of the old revision when the release began. */
  readonly replicas: number;
  /** Ends before the first event for which this holds; default: at the last one. */
  readonly until?: (event: AppEvent) => boolean;
}

const scaling = /^revision (\d+): \d+ → (\d+) replicas$/;

/**
 * The levels that a release went through, the first and every change of one, as `hitless events`
 * tells them. Null when `until` was given and never held.
 */
export function levelsOf(
  events: readonly AppEvent[],
  query: LevelsQuery,
): readonly Levels[] | null {
  const own = events.slice(beginOf(events, query.to));
  const { until } = query;
  const end = until === undefined ? own.length : own.findIndex(until);
  if (end === -1) return null;
  const seen: Levels[] = [{ old: query.replicas, new: 0 }];
  for (const { kind, text } of own.slice(0, end)) {
    const found = kind === "mutate" ? scaling.exec(text) : null;
    const last = seen.at(-1);
    if (found === null || last === undefined) continue;
    const [revision, level] = [Number(found[1]), Number(found[2])];
    if (revision === query.from) seen.push({ ...last, old: level });
    if (revision === query.to) seen.push({ ...last, new: level });
  }
  return seen;
}

/** `3+1`: three old, one new. */
export function describeLevels(levels: Levels): string {
  return `${levels.old}+${levels.new}`;
}

function beginOf(events: readonly AppEvent[], to: number): number {
  const asked = new RegExp(`^(release|restart|rollback) (of|to) revision ${to} by `);
  return events.findLastIndex((e) => e.kind === "intent" && asked.test(e.text));
}
