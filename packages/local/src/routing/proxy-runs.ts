import { connectProxy } from "@hitless/proxy";
import type { StateFolder } from "../state/state-folder.ts";

/** Whether the proxy of this app runs, and so holds the socket that clients know. */
export async function proxyRuns(folder: StateFolder): Promise<boolean> {
  const client = await connectProxy(folder.sockets.proxy);
  await client?.close();
  return client !== null;
}
