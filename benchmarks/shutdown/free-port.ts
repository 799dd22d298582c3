import { createServer } from "node:net";

/** Below what the system gives to clients: those of a run beside this one take none of it. */
const [from, to] = [15_000, 32_000];
const tries = 100;

/** A port that was free a moment ago, and that no client gets. */
export async function freePort(random: () => number): Promise<number> {
  for (let n = 0; n < tries; n += 1) {
    const port = from + Math.floor(random() * (to - from));
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${tries} ports from ${from} to ${to} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once("error", () => answer(false));
    server.listen(port, "127.0.0.1", () => server.close(() => answer(true)));
  });
}
