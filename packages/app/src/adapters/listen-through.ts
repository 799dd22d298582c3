import type { AddressInfo, Server } from "node:net";
import { addressOf, type Place, placeOf } from "../listen.ts";
import type { ListenOptions } from "../serve.ts";

const anyIpv6 = "::";
const anyIpv4 = "0.0.0.0";
const noIpv6 = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];

/**
 * Listens as `listen` does, but lets the framework do it. For one that takes `localhost` when no host is named,
 * which are two addresses and two servers: it is told all interfaces.
 */
export async function listenThrough(
  server: Server,
  options: ListenOptions,
  listen: (place: Place) => PromiseLike<unknown>,
): Promise<AddressInfo> {
  const { host, ...place } = placeOf(options);
  try {
    await listen({ ...place, host: host ?? anyIpv6 });
  } catch (error) {
    if (host !== undefined || !isWithoutIpv6(error)) throw error;
    await listen({ ...place, host: anyIpv4 });
  }
  return addressOf(server);
}

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof Error && "code" in error && noIpv6.includes(String(error.code));
}
