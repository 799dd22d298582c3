const minuteMs = 60_000;
const halfDayMs = 12 * 60 * minuteMs;

/** What a clock on the wall shows. */
export interface WallTime {
  /** Days since 1 January 1970, by the calendar of the zone. */
  readonly day: number;
  /** Minutes after midnight. */
  readonly minute: number;
}

/** The clocks of a time zone, by the rules that the platform knows (`Intl`). */
export class ZonedClock {
  private static readonly known = new Map<string, ZonedClock>();
  private readonly format: Intl.DateTimeFormat;
  private readonly words: Intl.DateTimeFormat;

  /** Throws a RangeError for a zone that the platform does not know. */
  static of(zone: string): ZonedClock {
    const found = ZonedClock.known.get(zone);
    if (found !== undefined) return found;
    const made = new ZonedClock(zone);
    ZonedClock.known.set(zone, made);
    return made;
  }

  private constructor(zone: string) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    this.words = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  }

  /** `Tue 24 Nov 02:00`. */
  describe(instant: number): string {
    return this.words.format(instant).replaceAll(",", "");
  }

  /** What clocks show at an instant, ms since the epoch. */
  at(instant: number): WallTime {
    const shown = this.shownAt(instant);
    const day = Math.floor(shown / (2 * halfDayMs));
    return { day, minute: (shown - day * 2 * halfDayMs) / minuteMs };
  }

  /** Every instant at which clocks show that time: none, one, or two where an hour is repeated. */
  instantsOf({ day, minute }: WallTime): readonly number[] {
    const shown = day * 2 * halfDayMs + minute * minuteMs;
    const offsets = new Set(
      [shown - 3 * halfDayMs, shown + 3 * halfDayMs].map((t) => this.offsetAt(t)),
    );
    return [...offsets].map((offset) => shown - offset).filter((t) => this.shownAt(t) === shown);
  }

  /** The instants in `from` to `to` at which clocks jump. */
  jumpsBetween(from: number, to: number): readonly number[] {
    const jumps: number[] = [];
    for (let start = from; start < to; start += halfDayMs) {
      const end = start + halfDayMs;
      if (this.offsetAt(start) !== this.offsetAt(end)) jumps.push(this.jumpIn(start, end));
    }
    return jumps;
  }

  private jumpIn(start: number, end: number): number {
    const before = this.offsetAt(start);
    let [low, high] = [Math.floor(start / minuteMs), Math.ceil(end / minuteMs)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * minuteMs) === before) low = middle;
      else high = middle;
    }
    return high * minuteMs;
  }

  private offsetAt(instant: number): number {
    return this.shownAt(instant) - Math.floor(instant / minuteMs) * minuteMs;
  }

  /** The time shown, to the minute, as if it were UTC; ms. */
  private shownAt(instant: number): number {
    const parts = new Map(this.format.formatToParts(instant).map((p) => [p.type, Number(p.value)]));
    const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"));
  }
}
