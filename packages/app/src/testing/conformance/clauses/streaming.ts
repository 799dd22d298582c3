import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { type Bench, budgetMs } from "../bench.ts";
import type { Clause } from "../clause.ts";
import type { Subject } from "../subject.ts";

const upgrades = ({ protocol }: Subject) => protocol === "http1";

export const streaming: readonly Clause[] = [
  {
    name: "ends server-sent events that the application writes, behind whole ones",
    async run(bench) {
      const body = await streamed(bench, "/events");
      // The last event has its empty line; `retry` stands alone behind it, or behind half an event that it spoils.
      match(body, /^(?:[a-z]+: ?.*\n|\n)+\n?retry: \d+\n+$/);
      ok(body.includes("\n\n"), body);
    },
  },
  {
    name: "ends server-sent events of its own helper, behind whole ones",
    // For responses, not for HTTP/2's own streams.
    appliesTo: ({ name }) => !name.endsWith("streams"),
    async run(bench) {
      const body = await streamed(bench, "/event-stream");
      match(body, /^(?:data: \d+\n\n)+retry: \d+\n\n$/);
    },
  },
  {
    name: "ends WebSockets that it was told of with 1001",
    appliesTo: upgrades,
    run: (bench) => webSocketEnds(bench, (server) => bench.service.webSockets(server)),
  },
  {
    name: "ends WebSockets that it was not told of with 1001",
    appliesTo: upgrades,
    run: (bench) => webSocketEnds(bench, () => {}),
  },
];

/** What came of a stream by the end that the drain gave it. */
async function streamed(bench: Bench, path: string): Promise<string> {
  const asked = (await bench.connect()).begin("GET", path);
  asked.sending.end();
  await asked.begun;
  equal(await bench.status("/"), 200);
  const { streams, exitCode, seconds } = await bench.shutdown();
  deepEqual({ ...streams, exitCode }, { ended: 1, cut: 0, exitCode: 0 });
  ok(seconds.requests < budgetMs / 1000, `it took all of its budget: ${seconds.requests} s`);
  return (await asked.answered).body;
}

async function webSocketEnds(bench: Bench, tell: (server: WebSocketServer) => void): Promise<void> {
  const server = new WebSocketServer({ noServer: true });
  bench.service.server.on("upgrade", (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (each) => server.emit("connection", each, request)),
  );
  tell(server);
  const socket = new WebSocket(bench.webSocketUrl, { rejectUnauthorized: false });
  await once(socket, "open");
  const closed = once(socket, "close");
  const { streams, exitCode } = await bench.shutdown();
  const [code] = await closed;
  deepEqual({ code, ...streams, exitCode }, { code: 1001, ended: 1, cut: 0, exitCode: 0 });
}
