/**
 * The kinds of request in a mix:
 * - `fresh`: a GET on a connection of its own, with `Connection: close`;
 * - `keepalive`: a GET on a long-lived connection that may have sat idle for seconds;
 * - `post`: a POST with a random body whose SHA-256 must come back, half fresh, half keep-alive;
 * - `slow`: a GET whose answer takes a while (300 ms by default), half fresh, half keep-alive.
 */
export const kinds = ["fresh", "keepalive", "post", "slow"] as const;

export type Kind = (typeof kinds)[number];

/** Relative weights of the kinds, at least 0; a kind left out is not sent. */
export type Mix = Readonly<Partial<Record<Kind, number>>>;

/** A record with one value per kind, made by `make`. */
export function perKind<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return {
    fresh: make("fresh"),
    keepalive: make("keepalive"),
    post: make("post"),
    slow: make("slow"),
  };
}
