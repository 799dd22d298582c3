import type { AppBed } from "./app-bed.ts";

/** How many replicas are ready and get requests. */
export async function readyReplicas(bed: AppBed): Promise<number> {
  const { replicas } = await bed.status();
  return replicas.filter((r) => r.state === "ready" && r.routed).length;
}

/** The process ids of all replicas, sorted. */
export async function processesOf(bed: AppBed): Promise<string> {
  const { replicas } = await bed.status();
  return replicas
    .map((r) => r.process)
    .toSorted()
    .join(" ");
}
