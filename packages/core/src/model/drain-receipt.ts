/**
 * What an app says of its own end (`docs/stopping.md`): `@hitless/app` writes it as JSON before it
 * exits, to the file that `HITLESS_RECEIPT` names. Seconds may have fractions.
 */
export interface DrainReceipt {
  readonly app: string | null;
  readonly revision: string | null;
  readonly replica: string | null;
  readonly pid: number;
  /** What began the end: the name of a signal, `crash`, or `close` by the program itself. */
  readonly reason: string;
  /** Of a crash, its message. */
  readonly error: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Requests and background work under way when it began; streams are counted apart. */
  readonly inFlight: number;
  /** Requests that came after that. */
  readonly served: number;
  /** Of both kinds, those that were answered whole. */
  readonly finished: number;
  readonly cut: number;
  /** Server-sent events and WebSockets: those that were ended in good order, and the others. */
  readonly streams: { readonly ended: number; readonly cut: number };
  /** From the begin to the last new connection; null: none came. */
  readonly lastConnectionSeconds: number | null;
  readonly seconds: {
    readonly delay: number;
    readonly requests: number;
    readonly hooks: number;
    readonly total: number;
  };
  /** What was cut, at most ten of them. */
  readonly hung: readonly {
    readonly method: string;
    readonly route: string;
    readonly seconds: number;
  }[];
  readonly hooks: readonly {
    readonly name: string;
    readonly outcome: "done" | "failed" | "timedOut" | "skipped";
    readonly seconds: number;
  }[];
  readonly exitCode: number;
}

/** What a file or message is that may be a receipt. */
export type ReadReceipt =
  | { readonly kind: "receipt"; readonly receipt: DrainReceipt }
  | { readonly kind: "unreadable"; readonly why: string }
  /** The app left none. */
  | { readonly kind: "none" };
