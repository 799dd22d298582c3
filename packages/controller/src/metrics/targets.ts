import type { Known, ReplicaView } from "@hitless/core";

/** One target as Prometheus' HTTP service discovery takes it. */
export interface TargetGroup {
  readonly targets: readonly [address: string];
  /** Put on every series that is scraped there. */
  readonly labels: { readonly app: string; readonly revision: string; readonly replica: string };
}

/**
 * Each replica that can answer. One that drains does, until it ends: its last requests count too. So
 * does one that is not ready any more. One that never was ready does not answer yet.
 * Throws when the replicas cannot be read: Prometheus then keeps the targets that it has.
 */
export function targetsOf(
  app: string,
  replicas: Known<readonly ReplicaView[]>,
): readonly TargetGroup[] {
  if (replicas.kind === "unknown") throw new Error(replicas.reason);
  return replicas.value.flatMap(({ id, revision, address }) =>
    address === undefined
      ? []
      : [{ targets: [address], labels: { app, revision: String(revision), replica: id } }],
  );
}
