import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { freePort } from "../free-port.ts";
import { type HttpServer, httpServer } from "../testing/http-server.ts";
import { until } from "../testing/until.ts";
import type { HeldClient, HeldEnd, HeldKind } from "./held-client.ts";
import { hold } from "./hold.ts";

const paths = { path: "/", slow: "/slow", sse: "/events", webSocket: "/socket", post: "/" };

interface Bed extends AsyncDisposable {
  readonly http: HttpServer;
  /** Answers that are owed. */
  readonly owed: ServerResponse[];
  readonly sockets: Duplex[];
}

async function bed(): Promise<Bed> {
  const owed: ServerResponse[] = [];
  const sockets: Duplex[] = [];
  const http = await httpServer((request, response) => {
    if (request.url === "/slow") owed.push(response);
    else if (request.url === "/events") {
      response.write("data: 1\n\n");
      owed.push(response);
    } else {
      // A client that goes in the middle of its body is what is tested.
      request.on("error", () => undefined).on("end", () => response.end("ok"));
      request.resume();
    }
  });
  http.server.on("upgrade", (_request, socket) => {
    sockets.push(socket);
    socket.on("error", () => socket.destroy());
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
  });
  return {
    http,
    owed,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await http[Symbol.asyncDispose]();
    },
  };
}

type Ends = (scene: Bed, client: HeldClient) => unknown;

const closeFrame = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
const message = Buffer.concat([Buffer.from([0x81, 126, 0, 200]), Buffer.alloc(200, "x")]);

test.each<[HeldKind, string, Ends, HeldEnd["kind"]]>([
  ["silent", "closed", ({ http }) => http.server.closeAllConnections(), "closed"],
  ["half-head", "closed", ({ http }) => http.server.closeAllConnections(), "closed"],
  ["idle", "closed", ({ http }) => http.server.closeIdleConnections(), "closed"],
  ["slow", "answered", ({ owed }) => owed[0]?.end("ok"), "answered"],
  ["slow", "cut", ({ http }) => http.server.closeAllConnections(), "cut"],
  ["upload", "answered", (_, client) => client.complete(), "answered"],
  ["upload", "cut", ({ http }) => http.server.closeAllConnections(), "cut"],
  ["sse", "ended in order", ({ owed }) => owed[0]?.end(), "answered"],
  ["sse", "cut", ({ owed }) => owed[0]?.destroy(), "cut"],
  [
    "web-socket",
    "ended by a close frame",
    ({ sockets }) => sockets[0]?.end(closeFrame),
    "close-frame",
  ],
  [
    "web-socket",
    "ended by a close frame behind a message",
    ({ sockets }) => sockets[0]?.end(Buffer.concat([message, closeFrame])),
    "close-frame",
  ],
  ["web-socket", "cut", ({ sockets }) => sockets[0]?.end(), "cut"],
])("a held %s is seen %s", async (...[kind, , ends, expected]) => {
  await using scene = await bed();
  const client = hold(kind, scene.http.target, paths);
  await client.opened;
  expect(client.end.kind).toBe("open");
  await ends(scene, client);
  await until(() => client.end.kind !== "open");
  expect(client.end.kind).toBe(expected);
  client.close();
});

test("lets an app answer a POST without its body", async () => {
  await using http = await httpServer((_request, response) => response.end("ok"));
  const client = hold("upload", http.target, paths);
  await client.opened;
  expect(client.end).toEqual({ kind: "answered", status: 200 });
  client.close();
});

test.each<[HeldKind, string]>([
  ["slow", "/slow was answered 200 at once"],
  ["sse", "/events was answered 200 and ended at once"],
  ["web-socket", '/socket opens no WebSocket: answered "HTTP/1.1 200 OK"'],
])("says what a %s got where nothing is held", async (kind, said) => {
  await using http = await httpServer((_request, response) => {
    // In two pieces: the first of them could be a stream's.
    response.write("a");
    response.end("b");
  });
  const client = hold(kind, http.target, paths);
  await client.opened;
  const { end } = client;
  client.close();
  expect(end).toMatchObject({ kind: "never", detail: expect.stringContaining(said) });
});

test.each<HeldKind>(["silent", "half-head", "idle", "slow", "sse", "web-socket"])(
  "says that nothing is held when a %s is refused",
  async (kind) => {
    const client = hold(kind, { host: "127.0.0.1", port: await freePort() }, paths);
    await client.opened;
    expect(client.end.kind).toBe("never");
    client.close();
  },
);
