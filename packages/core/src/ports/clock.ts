/** The time, passed in so that the domain has none of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}
