import { type AppBed, until } from "../../test/bed/app-bed.ts";
import { proxyOf } from "../../test/bed/proxy-of.ts";
import { portsOf } from "../../test/bed/replica-ports.ts";
import type { Contender } from "./contender.ts";

/** `hitless up` as a person runs it; its processes are those of the proxy, holder and workers. */
export async function startHitless(
  bed: AppBed,
  { workers, ...contender }: Pick<Contender, "name" | "only"> & { readonly workers?: number },
): Promise<Contender> {
  const wanted = workers ?? 1;
  await bed.must(0, "up", "--detach", "--workers", String(wanted));
  let holder = 0;
  await until(async () => {
    const proxy = await proxyOf(bed);
    holder = proxy?.holderPid ?? 0;
    return proxy?.workers.length === wanted;
  }, `${wanted} workers serve`);
  return { ...contender, port: bed.port, pid: holder };
}

/** The one replica of a bed: what all contenders forward to. */
export async function upstreamOf(
  bed: AppBed,
): Promise<{ readonly port: number; readonly pid: number }> {
  const [port] = (await portsOf(bed)).values();
  const [replica] = (await bed.status()).replicas;
  if (port === undefined || replica === undefined) throw new Error("no replica runs");
  return { port, pid: Number(replica.process) };
}
