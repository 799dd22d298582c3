import type { Known } from "@hitless/core";

/** Over how long a rate is taken, ms. */
const spanMs = 10_000;
/** Totals that come faster than this add nothing, ms. */
const apartMs = 500;

interface Look {
  /** By a clock that does not jump, ms. */
  readonly at: number;
  readonly totals: Readonly<Record<number, number>>;
}

/**
 * Requests per second of each revision over the last ten seconds, from totals that only grow. Totals
 * that shrink were counted anew: the rate is unknown until ten seconds of them have been seen.
 */
export class RateMeter {
  private looks: readonly Look[] = [];
  private unread: string | null = "not looked at yet";

  /** What has been counted by now. `at`: ms of a clock that does not jump. */
  look(totals: Known<Readonly<Record<number, number>>>, at: number): void {
    if (totals.kind === "unknown") {
      this.unread = totals.reason;
      this.looks = [];
      return;
    }
    this.unread = null;
    const last = this.looks.at(-1);
    if (last !== undefined && shrank(last.totals, totals.value)) this.looks = [];
    if (last !== undefined && this.looks.length > 0 && at - last.at < apartMs) return;
    // One that is older than the span stays, to take the difference from.
    const recent = this.looks.filter((_, n) => (this.looks[n + 1]?.at ?? at) > at - spanMs);
    this.looks = [...recent, { at, totals: totals.value }];
  }

  /** Requests per second by revision. */
  byRevision(): Known<Readonly<Record<number, number>>> {
    const [first] = this.looks;
    const last = this.looks.at(-1);
    if (this.unread !== null) return unknown(this.unread);
    if (first === undefined || last === undefined || last.at - first.at < spanMs - apartMs) {
      return unknown(`it takes ${spanMs / 1000} s to tell`);
    }
    const seconds = (last.at - first.at) / 1000;
    const rates = Object.entries(last.totals).map(
      ([revision, total]) =>
        [revision, (total - (first.totals[Number(revision)] ?? 0)) / seconds] as const,
    );
    return { kind: "known", value: Object.fromEntries(rates), asOf: 0 };
  }

  /** Requests per second in all. */
  inAll(): Known<number> {
    const rates = this.byRevision();
    if (rates.kind === "unknown") return rates;
    const value = Object.values(rates.value).reduce((sum, rate) => sum + rate, 0);
    return { ...rates, value };
  }
}

function unknown(reason: string): Extract<Known<never>, { kind: "unknown" }> {
  return { kind: "unknown", reason, since: 0 };
}

/** A revision that is not counted any more was thrown away. */
function shrank(before: Look["totals"], now: Look["totals"]): boolean {
  return Object.entries(now).some(([revision, total]) => total < (before[Number(revision)] ?? 0));
}
