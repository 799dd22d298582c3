import { anyWorkerAnswers } from "@hitless/proxy";
import { socketAnswers } from "../state/socket-answers.ts";
import type { StateFolder } from "../state/state-folder.ts";

/** Whether the proxy of this app runs, answering or not, and so holds the socket that clients know. */
export async function proxyRuns({ sockets }: StateFolder): Promise<boolean> {
  return (await socketAnswers(sockets.proxy)) || (await anyWorkerAnswers(sockets.proxy));
}
