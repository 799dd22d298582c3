/** Why a request counts as lost; every loss has exactly one of these. */
export const causes = [
  /** Nobody listens: the connection was refused. */
  "refused",
  /** The connection was reset before the first byte of an answer. */
  "reset",
  /** The connection was closed in order, without a byte of an answer. */
  "closed-early",
  /** The answer began and did not reach its end. */
  "truncated",
  "status-4xx",
  "status-5xx",
  /** A complete 2xx answer whose body is not the one this request should have got. */
  "wrong-body",
  /** No complete answer within `lateAfterMs` of the scheduled time. */
  "late",
  /** The client itself had no connection left: its cap, its ports or its descriptors. */
  "no-connection",
  /** Not HTTP, a status that is neither 2xx, 4xx nor 5xx, an unknown host: `detail` says which. */
  "other",
] as const;

export type Cause = (typeof causes)[number];

/** A lost request: its cause, and what exactly was seen. */
export interface Loss {
  readonly cause: Cause;
  readonly detail: string;
  /** Whether its connection had carried an answer before; left out where no connection broke. */
  readonly onReused?: boolean;
}

const causeByCode: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ECONNABORTED: "reset",
  EMFILE: "no-connection",
  ENFILE: "no-connection",
  ENOBUFS: "no-connection",
  EADDRNOTAVAIL: "no-connection",
};

/**
 * The loss behind a socket error. Once bytes of an answer were seen it is `truncated`, whatever
 * broke the connection.
 */
export function lossOfError(error: Error, answerBegan: boolean): Loss {
  const code = "code" in error ? String(error.code) : error.message;
  if (answerBegan) return { cause: "truncated", detail: `${code} inside the answer` };
  return { cause: causeByCode[code] ?? "other", detail: code };
}
