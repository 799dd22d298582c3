// The database of these apps is whatever accepts connections at DATABASE, `host:port`; none: no need.
import { once } from "node:events";
import { connect } from "node:net";

const { DATABASE } = process.env;
const everyMs = 100;

export async function databaseAnswers() {
  if (DATABASE === undefined) return true;
  const [host, port] = DATABASE.split(":");
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Lets readiness follow the database, asked in the background. */
export function followDatabase({ state }) {
  setInterval(async () => {
    state.hasDatabase = await databaseAnswers();
  }, everyMs).unref();
}
