import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { type Bench, budgetMs } from "../bench.ts";
import type { Clause } from "../clause.ts";
import { ask } from "../clients/connection.ts";

const halfAHead = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Half";

/** What holds `server.close()` of Node for minutes, or for ever. */
export const holding: readonly Clause[] = [
  {
    name: "is not held up by an idle connection, and closes it",
    async run(bench) {
      const connection = await bench.connect();
      await ask(connection, "/");
      await notHeldUp(bench);
      await connection.closed;
    },
  },
  {
    name: "is not held up by a connection that says nothing, and closes it",
    async run(bench) {
      const socket = await bench.openSocket();
      const closed = once(socket, "close");
      equal(await bench.status("/"), 200);
      await notHeldUp(bench);
      await closed;
    },
  },
  {
    name: "is not held up by half a head, and closes its connection",
    async run(bench) {
      const socket = await bench.openSocket();
      socket.write(halfAHead);
      const closed = once(socket, "close");
      equal(await bench.status("/"), 200);
      await notHeldUp(bench);
      await closed;
    },
  },
  {
    name: "leaves nothing open",
    async run(bench) {
      const held = (await bench.connect()).begin("GET", "/held/7");
      held.sending.end();
      await bench.scene.arrived.given;
      bench.scene.released.give();
      await held.answered;
      await bench.connect();
      await bench.shutdown();
      const { server } = bench.service;
      equal(server.listening, false);
      const open = await new Promise<unknown>((resolve) => {
        server.getConnections((error, count) => resolve(error ?? count));
      });
      equal(open, 0);
    },
  },
];

async function notHeldUp(bench: Bench): Promise<void> {
  const { cut, streams, exitCode, seconds } = await bench.shutdown();
  deepEqual({ cut, streams: streams.cut, exitCode }, { cut: 0, streams: 0, exitCode: 0 });
  ok(seconds.requests < budgetMs / 1000, `it took all of its budget: ${seconds.requests} s`);
}
