import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  get,
  listenUpstream,
  openApp,
  openClient,
  openDoor,
  openPlane,
  rawRequest,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";
import { defaultTimeouts } from "../timeouts.ts";
import { acceptFrom } from "./accepted-socket.ts";
import { DataPlane } from "./data-plane.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

test("serves IPv4 and IPv6 clients on one port, and a replica that listens on IPv6", async () => {
  const plane = new DataPlane(defaultTimeouts);
  const door = await openDoor(cleanup, plane, { host: "::" });
  const app = createServer((socket: Socket) => {
    socket.on("data", (data: Buffer) => {
      const from = /X-Forwarded-For: (.*)\r\n/.exec(data.toString("latin1"))?.[1] ?? "nobody";
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${from.length}\r\n\r\n${from}`);
    });
  });
  const port = await listenUpstream(cleanup, app, "::1");
  plane.apply(tableOf({ id: "a", revision: 1, host: "::1", port }));
  for (const host of ["127.0.0.1", "::1"]) {
    const socket = connect(door, host);
    let answer = "";
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
    });
    socket.write(get("/"));
    await eventually(() => socket.readableEnded || socket.destroyed);
    expect(answer).toContain(`\r\n\r\n${host}`);
  }
});

test("clients whose bytes come interleaved get what they sent, though they are read into one memory", async () => {
  const app = await rawUpstream(cleanup, (socket, received) => {
    const [head = "", body = ""] = received.split("\r\n\r\n");
    const length = Number(/Content-Length: (\d+)/.exec(head)?.[1]);
    if (body.length === length) {
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
      );
    }
  });
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", app)));
  const clients = ["a", "b", "c", "d"].map((letter) => ({
    letter,
    client: openClient(cleanup, port),
  }));
  const pieces = 20;
  const size = 997;
  for (const { client } of clients) client.send("POST / HTTP/1.1\r\nHo");
  await eventually(() => plane.clients.size === clients.length);
  for (const { client } of clients) {
    client.send(`st: a\r\nConnection: close\r\nContent-Length: ${pieces * size}\r\n\r\n`);
  }
  for (let n = 0; n < pieces; n += 1) {
    for (const { letter, client } of clients) client.send(letter.repeat(size));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { letter, client } of clients) {
    const answer = await client.rest();
    expect(answer.endsWith(`\r\n\r\n${letter.repeat(pieces * size)}`)).toBe(true);
  }
});

test("an answer in small pieces stays whole while its client does not read", async () => {
  const pieceBytes = 2_503;
  let sent = 0;
  let blocked = false;
  const app = createServer((socket: Socket) => {
    // Piece by piece, so that the worker reads them one by one: a large one would stop the reading.
    const send = () => {
      sent += 1;
      blocked = !socket.write(Buffer.alloc(pieceBytes, sent % 251));
      if (blocked) socket.end();
      else setImmediate(send);
    };
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      send();
    });
  });
  const { plane, port } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", await listenUpstream(cleanup, app))));
  const client = connect(port, "127.0.0.1");
  cleanup.add(() => client.destroy());
  client.write(get("/"));
  // The kernel's buffers of two connections are full, and some memory of the worker.
  await eventually(() => blocked);
  const parts: Buffer[] = [];
  client.on("data", (data: Buffer) => parts.push(data));
  await eventually(() => client.readableEnded);
  const all = Buffer.concat(parts);
  const body = all.subarray(all.indexOf("\r\n\r\n") + 4);
  expect(body.length).toBe(sent * pieceBytes);
  for (let n = 0; n < sent; n += 1) {
    const piece = body.subarray(n * pieceBytes, (n + 1) * pieceBytes);
    expect(piece.equals(Buffer.alloc(pieceBytes, (n + 1) % 251))).toBe(true);
  }
});

test("serves through the server's own events where a listener cannot be taken over", async () => {
  expect(acceptFrom({ onconnection: null }, () => () => undefined)).toBe(false);
  expect(acceptFrom(null, () => () => undefined)).toBe(false);
  const plane = new DataPlane(defaultTimeouts);
  const door = await openDoor(cleanup, plane, { takeOver: () => false });
  plane.apply(tableOf(upstream("a", await openApp(cleanup, "plain"))));
  expect(await rawRequest(door, get("/"))).toContain("plain");
});
