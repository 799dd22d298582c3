/** How a probe asks (Kubernetes `Probe` handler). Exactly one kind. */
export type ProbeCheck =
  | {
      readonly kind: "httpGet";
      /** Starts with a slash. 200–399 is success, as in Kubernetes. */
      readonly path: string;
      /** Null: the replica's own `PORT`. */
      readonly port: number | null;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: "tcpSocket"; readonly port: number | null }
  | { readonly kind: "exec"; readonly command: readonly string[] };

/** One probe, with Kubernetes' fields, defaults and meaning (core/v1 `Probe`). */
export interface Probe {
  readonly check: ProbeCheck;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** The probes of a revision. Readiness must be declared; the others are optional. */
export interface Probes {
  readonly startup: Probe | null;
  readonly liveness: Probe | null;
  readonly readiness: Probe;
}

/** One answer of a probe, kept as evidence. */
export interface ProbeAnswer {
  readonly probe: "startup" | "liveness" | "readiness";
  readonly ok: boolean;
  /** What was seen, for people: `GET /ready → 503`, `connect ECONNREFUSED`, `exit 1`. */
  readonly evidence: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}
