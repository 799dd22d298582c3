/** Requests are kept from the app on purpose. Its replicas run on, and releases go their way. */
export interface Maintenance {
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** How long a request waits for the end of it before it gets a 503, ms; 0: at once. */
  readonly holdMs: number;
  /** What the 503 page says; empty: nothing but that. */
  readonly message: string;
}

/** What somebody asks for: maintenance like that, or its end. */
export type MaintenanceRequest =
  | ({ readonly kind: "on" } & Pick<Maintenance, "holdMs" | "message">)
  | { readonly kind: "off" };

/** A request is not kept waiting for longer, ms: whoever sent it has given up by then. */
export const longestHoldMs = 60_000;
