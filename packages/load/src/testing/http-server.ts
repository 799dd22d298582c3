import { createServer, type RequestListener, type Server } from "node:http";
import type { Target } from "../connection.ts";

/** An HTTP server on a free port. */
export interface HttpServer extends AsyncDisposable {
  readonly server: Server;
  readonly target: Target;
}

export async function httpServer(answer: RequestListener): Promise<HttpServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return {
    server,
    target: { host: "127.0.0.1", port: address.port },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
