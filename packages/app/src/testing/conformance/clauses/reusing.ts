import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as after } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import type { Clause } from "../clause.ts";
import { ask, UnsentError } from "../clients/connection.ts";
import { Signal } from "../signal.ts";

const delayMs = 300;
const hammeredMs = 4000;
const lingerMs = 2000;
/** From the signal on, until whoever routes has taken the address away: within the delay. */
const routedMs = 150;
const idle = 8;
const hammering = 4;

export const reusing: readonly Clause[] = [
  {
    name: "answers a connection that was idle, whenever in the drain it is used again",
    options: () => ({ drain: { delayMs, lingerMs } }),
    async run(bench) {
      const connections = await Promise.all(Array.from({ length: idle }, () => bench.connect()));
      await Promise.all(connections.map((connection) => ask(connection, "/")));
      const ended = bench.shutdown();
      const answers = connections.map(async (connection, place) => {
        // The last ones come when the listener has closed, but not yet the time to linger.
        await after((place / idle) * delayMs * 1.5);
        return ask(connection, "/");
      });
      for (const { status, isTold } of await Promise.all(answers)) {
        deepEqual({ status, isTold }, { status: 200, isTold: true });
      }
      const { served, cut } = await ended;
      deepEqual({ served, cut }, { served: idle, cut: 0 });
    },
  },
  {
    name: "loses no request of clients that use one connection after the other all through the drain",
    options: () => ({ drain: { delayMs: hammeredMs, lingerMs } }),
    async run(bench) {
      const clients = Array.from({ length: hammering }, () => hammer(bench));
      await Promise.all(clients.map(({ warm }) => warm));
      const ended = bench.shutdown();
      await after(routedMs);
      for (const client of clients) client.stop();
      const { served, finished, exitCode } = await ended;
      deepEqual((await Promise.all(clients.map(({ lost }) => lost))).flat(), []);
      ok(served >= hammering, `${served} came while it drained`);
      // One may have been under way when it began.
      ok(finished >= served, `${finished} of ${served} were answered`);
      equal(exitCode, 0);
    },
  },
  {
    name: "refuses connections when it has drained",
    async run(bench) {
      await bench.shutdown();
      const outcome = await bench.connect().catch(codeOf);
      equal(outcome, "ECONNREFUSED");
    },
  },
];

interface Hammer {
  /** It has been answered. */
  readonly warm: Promise<void>;
  /** No new connections from now on. */
  stop(): void;
  /** What it lost, when it has been told to leave its last connection. */
  readonly lost: Promise<readonly string[]>;
}

/** Asks all the time, and opens a connection only when it was told to leave the last one. Never asks twice. */
function hammer(bench: Bench): Hammer {
  const warm = new Signal();
  let isRouted = true;
  const lost = (async () => {
    const codes: string[] = [];
    while (isRouted) {
      await useUp(bench, warm.give).catch((error: unknown) => codes.push(codeOf(error)));
    }
    return codes;
  })();
  return {
    warm: warm.given,
    lost,
    stop() {
      isRouted = false;
    },
  };
}

async function useUp(bench: Bench, answered: () => void): Promise<void> {
  const connection = await bench.connect();
  try {
    for (let isTold = false; !isTold; ) {
      const answer = await ask(connection, "/");
      answered();
      ({ isTold } = answer);
      equal(answer.status, 200);
    }
  } catch (error) {
    if (!(error instanceof UnsentError)) throw error;
  } finally {
    connection.close();
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.message;
}
