import type { AddressInfo, Server } from "node:net";
import type { ListenOptions } from "./serve.ts";

const defaultPort = 8080;
/** The default of Node, 511, overflows when many clients come back at once. */
const defaultBacklog = 4096;

/** Where to listen; without `host` on all interfaces. */
export interface Place {
  readonly port: number;
  readonly host?: string;
  readonly backlog: number;
}

/** Resolves with the address once connections are accepted. */
export function listen(server: Server, options: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...placeOf(options) }, () => {
      server.off("error", reject);
      resolve(addressOf(server));
    });
  });
}

/** @throws TypeError for a `PORT` that is none. */
export function placeOf(options: ListenOptions): Place {
  const host = options.host ?? process.env["HOST"];
  return {
    port: options.port ?? portFrom(process.env["PORT"]),
    ...(host === undefined ? {} : { host }),
    backlog: options.backlog ?? defaultBacklog,
  };
}

/** @throws Error for a server that listens on no port. */
export function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (typeof address === "object" && address !== null) return address;
  throw new Error(`the server listens on ${address ?? "nothing"}, which is no port`);
}

function portFrom(text: string | undefined): number {
  if (text === undefined || text === "") return defaultPort;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(`PORT is "${text}"; it must be a number from 0 to 65535`);
}
