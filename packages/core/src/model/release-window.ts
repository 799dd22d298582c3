export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof weekdays)[number];

/** A time in which releases may begin. Rollbacks and restarts begin at any time. */
export interface ReleaseWindow {
  /** On which days it opens. */
  readonly days: readonly Weekday[];
  /** Minutes after midnight in `zone`. A `to` that is not above `from` is on the next day. */
  readonly from: number;
  readonly to: number;
  /** An IANA name such as `Europe/Berlin`. */
  readonly zone: string;
  /** Only while the app gets fewer requests per second than this; null: whatever it gets. */
  readonly below: number | null;
}
