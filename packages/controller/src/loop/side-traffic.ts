import {
  type App,
  type CountsView,
  countsSince,
  type EngineView,
  type Known,
  latencyQuantileMs,
} from "@hitless/core";
import { RateMeter } from "./rate-meter.ts";

/** How a revision answers. */
export interface RevisionTraffic {
  readonly revision: number;
  /** Requests that are over, and those of them that ended badly, since the waypoint was reached. */
  readonly requests: number;
  readonly errors: number;
  /** Null when there was no answer. */
  readonly p95Ms: number | null;
  /** Requests per second over the last ten; null while that is not known. */
  readonly rps: number | null;
  /** Its part of them, 0 to 1. */
  readonly share: number | null;
}

/**
 * What each revision gets, for people: since the release reached its waypoint, or since the last one
 * ended. Kept in memory: a controller that takes over counts from then on.
 */
export class SideTraffic {
  private readonly meter = new RateMeter();
  private place = "";
  private before: CountsView | null = null;
  private now: CountsView | null = null;

  /** `at`: ms of a clock that does not jump. */
  look(app: App, { requests, counts }: Pick<EngineView, "requests" | "counts">, at: number): void {
    this.meter.look(requests, at);
    const place = placeOf(app);
    const moved = place !== this.place;
    this.place = place;
    if (counts.kind === "unknown") {
      // What comes until it can be read again belongs to nobody.
      if (moved) this.before = null;
      return;
    }
    this.now = counts.value;
    if (moved || this.before?.epoch !== counts.value.epoch) this.before = counts.value;
  }

  /** Requests per second that the app gets. */
  get rate(): Known<number> {
    return this.meter.inAll();
  }

  /** A row for each revision that was ever counted. */
  get revisions(): readonly RevisionTraffic[] {
    const rates = this.meter.byRevision();
    const all = this.meter.inAll();
    const { now, before } = this;
    if (now === null) return [];
    return Object.keys(now.revisions).map((key) => {
      const revision = Number(key);
      const sample = countsSince(before, now, { canary: revision, stable: null });
      if (sample.kind !== "counts") throw new TypeError("counts are counts");
      const { requests, errors, latency } = sample.canary;
      const rps = rates.kind === "known" ? (rates.value[revision] ?? 0) : null;
      const share =
        rps === null || all.kind === "unknown" || all.value === 0 ? null : rps / all.value;
      return { revision, requests, errors, p95Ms: latencyQuantileMs(latency, 0.95), rps, share };
    });
  }
}

/** Where a release stands; another place: it is counted anew. */
function placeOf({ release, ended }: App): string {
  if (release === null) return `after ${ended}`;
  const { id, direction, cursor, reached } = release;
  return `${id} ${direction} ${cursor} ${reached?.at ?? "on the way"}`;
}
