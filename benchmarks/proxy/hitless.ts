import type { AppBed } from "../../test/bed/app-bed.ts";
import { proxyOf } from "../../test/bed/proxy-of.ts";
import { portsOf } from "../../test/bed/replica-ports.ts";
import type { Contender } from "./contender.ts";

/** `hitless up`, as a person runs it; its processes are the proxy's: holder and workers. */
export async function startHitless(
  bed: AppBed,
  name: string,
  ...flags: readonly string[]
): Promise<Contender> {
  await bed.must(0, "up", "--detach", ...flags);
  const proxy = await proxyOf(bed);
  if (proxy === null) throw new Error("hitless up runs no proxy");
  return { name, port: bed.port, pid: proxy.holderPid };
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
