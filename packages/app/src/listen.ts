import type { AddressInfo, Server } from "node:net";
import type { ListenOptions } from "./serve.ts";

const defaultPort = 8080;
/** The default of Node, 511, overflows when many clients come back at once. */
const defaultBacklog = 4096;

/** Resolves with the address once connections are accepted. */
export function listen(server: Server, options: ListenOptions): Promise<AddressInfo> {
  const port = options.port ?? portFrom(process.env["PORT"]);
  const host = options.host ?? process.env["HOST"];
  const backlog = options.backlog ?? defaultBacklog;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }), backlog }, () => {
      server.off("error", reject);
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address);
    });
  });
}

function portFrom(text: string | undefined): number {
  if (text === undefined || text === "") return defaultPort;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(`PORT is "${text}"; it must be a number from 0 to 65535`);
}
