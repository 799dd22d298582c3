/** A client that keeps a server from ending. */
export interface Hold {
  readonly ended: Promise<HoldEnd>;
}

/** How it ended for the client. */
export interface HoldEnd {
  readonly outcome: string;
  /** Whether a client may be treated so. */
  readonly good: boolean;
}

/** Where it holds on. */
export interface HoldPlace {
  readonly port: number;
  /** What a client of TLS trusts. */
  readonly certificate: string;
}
