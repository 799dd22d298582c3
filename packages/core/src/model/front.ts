/** How the data plane meets clients, one worker process like the other. No part of a revision. */
export interface FrontSettings {
  /** How many workers there are to be, unless the command says otherwise; null: as many as there are, else 1. */
  readonly workers: number | null;
  /** Addresses and CIDR blocks whose word on who asked is taken (`X-Forwarded-*`). */
  readonly trustedProxies: readonly string[];
  /** Whether each request is written to the access log. */
  readonly accessLog: boolean;
  /** Client connections of one worker; over it those without a request make room. */
  readonly maxConnections: number;
  /** Client connections from one address that is no trusted proxy; 0: no such limit. */
  readonly maxConnectionsPerAddress: number;
  /** Longest body of a request; 0: any. Bytes. */
  readonly maxBodyBytes: number;
  /** Longest wait for the head of an answer, and for a replica to take more of a body. */
  readonly responseTimeoutSeconds: number;
  /** Longest pause inside a body whose sender is waited for, and inside the reading of a client. */
  readonly bodyIdleTimeoutSeconds: number;
}

/** What holds where nothing was said. */
export const defaultFront: FrontSettings = {
  workers: null,
  trustedProxies: [],
  accessLog: false,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  maxBodyBytes: 0,
  responseTimeoutSeconds: 60,
  bodyIdleTimeoutSeconds: 30,
};
