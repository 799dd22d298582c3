import { once } from "node:events";
import { connect } from "node:net";
import type { Target } from "./connection.ts";

/** Whether a connection is accepted there. */
export async function accepts(target: Target): Promise<boolean> {
  const socket = connect(target);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Refused is the answer that is asked for.
    return false;
  } finally {
    socket.destroy();
  }
}
