/**
 * What a client holds while the app is told to stop:
 * - `idle`: a keep-alive connection after its first answer;
 * - `silent`: a connection on which it never says anything;
 * - `half-head`: half a request head;
 * - `slow`: a GET whose answer takes a while;
 * - `upload`: a POST whose second half comes once the app has stopped listening;
 * - `sse`, `web-socket`: a stream.
 */
export type HeldKind = "idle" | "silent" | "half-head" | "slow" | "upload" | "sse" | "web-socket";

/** What became of what was held. */
export type HeldEnd =
  /** Nothing yet. */
  | { readonly kind: "open" }
  /** Nothing was held: what the app did instead, with the path that was asked. */
  | { readonly kind: "never"; readonly detail: string }
  /** A whole answer; for a stream its orderly end. */
  | { readonly kind: "answered"; readonly status: number }
  /** A close frame, with its code. */
  | { readonly kind: "close-frame"; readonly code: number }
  /** Closed where nothing was owed. */
  | { readonly kind: "closed" }
  /** Ended in the middle. */
  | { readonly kind: "cut"; readonly detail: string };

/** How long the app may take until something is held, in milliseconds. */
export const openTimeoutMs = 10_000;

/** A client that holds something; safe to close twice. */
export interface HeldClient {
  /**
   * Resolves once it is held, or it is known that nothing is: `end` is `never` then, or `answered`
   * for an upload without its second half.
   */
  readonly opened: Promise<void>;
  readonly end: HeldEnd;
  /** Sends what is still missing of its request. */
  complete(): void;
  close(): void;
}
