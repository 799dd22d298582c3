import type { Server } from "node:net";
import type { Service } from "../../../serve.ts";

export const anyPort = { port: 0, host: "127.0.0.1" };

export async function served<S extends Service>(service: S): Promise<S> {
  await service.listen(anyPort);
  return service;
}

/** For what listens before it is served. */
export async function listening<S extends Server>(server: S): Promise<S> {
  await new Promise<void>((done) => server.listen(anyPort, done));
  return server;
}
