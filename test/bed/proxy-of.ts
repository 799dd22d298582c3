import { connectProxy, type ProxyStatus } from "@hitless/proxy";
import { type AppBed, isRunning, until } from "./app-bed.ts";
import { notedSockets } from "./noted-sockets.ts";

/** What the bed's proxy says of itself, without asking any controller; null when none runs. */
export async function proxyOf(bed: AppBed): Promise<ProxyStatus | null> {
  await using client = await connectProxy((await notedSockets(bed)).proxy);
  return client === null ? null : await client.status();
}

/** A holder's death: what its proxy said before, and what its successor says. */
export interface Succession {
  readonly before: ProxyStatus;
  readonly after: ProxyStatus;
}

/** Kills the holder of the bed's proxy; resolves when it is gone and its successor answers. */
export async function killHolder(bed: AppBed): Promise<Succession> {
  const before = await runningProxy(bed);
  process.kill(before.holderPid, "SIGKILL");
  await until(() => !isRunning(before.holderPid), `holder ${before.holderPid} is gone`);
  return { before, after: await runningProxy(bed) };
}

async function runningProxy(bed: AppBed): Promise<ProxyStatus> {
  const status = await proxyOf(bed);
  if (status === null) throw new Error("no proxy runs");
  return status;
}
