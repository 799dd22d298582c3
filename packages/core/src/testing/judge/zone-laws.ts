/** From `since` on, an instant, clocks of a zone are so many minutes ahead of UTC. */
export interface ZoneLaw {
  readonly since: number;
  readonly aheadMin: number;
}

const always = Number.NEGATIVE_INFINITY;

/** What clocks of these zones show in 2026: written down here, and asked of no platform. */
export const zoneLaws: Readonly<Record<string, readonly ZoneLaw[]>> = {
  UTC: [{ since: always, aheadMin: 0 }],
  "Europe/Berlin": [
    { since: always, aheadMin: 60 },
    { since: Date.UTC(2026, 2, 29, 1), aheadMin: 120 },
    { since: Date.UTC(2026, 9, 25, 1), aheadMin: 60 },
  ],
  "America/New_York": [
    { since: always, aheadMin: -300 },
    { since: Date.UTC(2026, 2, 8, 7), aheadMin: -240 },
    { since: Date.UTC(2026, 10, 1, 6), aheadMin: -300 },
  ],
  // At midnight.
  "America/Havana": [
    { since: always, aheadMin: -300 },
    { since: Date.UTC(2026, 2, 8, 5), aheadMin: -240 },
    { since: Date.UTC(2026, 10, 1, 5), aheadMin: -300 },
  ],
  "Asia/Kathmandu": [{ since: always, aheadMin: 345 }],
  // By half an hour.
  "Australia/Lord_Howe": [
    { since: always, aheadMin: 660 },
    { since: Date.UTC(2026, 3, 4, 15), aheadMin: 630 },
    { since: Date.UTC(2026, 9, 3, 15, 30), aheadMin: 660 },
  ],
};

/** Throws a TypeError for a zone that is not written down here. */
export function lawsOf(zone: string): readonly ZoneLaw[] {
  const laws = zoneLaws[zone];
  if (laws === undefined) throw new TypeError(`no laws of ${zone} are written down`);
  return laws;
}
