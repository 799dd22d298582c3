import type { Exit, ReadReceipt, Revision } from "@hitless/core";
import type { PortPool } from "../processes/port-pool.ts";
import type { Replica } from "./replica.ts";
import type { ReplicaRecord } from "./replica-record.ts";

/** What the engine gives to each of its replicas. */
export interface ReplicaHost {
  readonly revision: Revision;
  /** The folder with the revision's files. */
  readonly dir: string;
  /** Log files are `<logDir>/<replica>/<start>.log`. They are not capped here. */
  readonly logDir: string;
  readonly ports: PortPool;
  /** Config, envFile, secrets, `PORT`, `HOST` and `HITLESS_*`. Rejects when a secret is missing. */
  environment(record: ReplicaRecord): Promise<Readonly<Record<string, string>>>;
  /** Makes the engine's state durable, this replica's record included. */
  save(): Promise<void>;
  /** Routes requests to it; resolved when every worker acknowledged. A later call wins over an earlier. */
  admit(replica: Replica): Promise<void>;
  /** No new requests; resolved when every worker acknowledged. The record says so already. */
  withdraw(id: string): Promise<void>;
  /** May reject while the proxy is away. */
  inFlight(id: string): Promise<number>;
  /** Breaks off what is in flight; returns how many requests that were. */
  cut(id: string): Promise<number>;
  /** Something observable changed. */
  changed(): void;
  /** An end that nobody asked for: counts for the crash loop. It starts again after `delayMs`. */
  exited(exit: Exit, delayMs: number): void;
  /** Its process has ended, and left this. The record says so in the same turn. */
  ended(receipt: ReadReceipt): void;
  /** A sentence for `hitless events`. */
  event(text: string): void;
}
