import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { Connection, Outcome } from "./connection.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { answerText, rawServer } from "./testing/raw-server.ts";

const request = Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

function poolFor(url: string): ConnectionPool {
  const { hostname, port } = new URL(url);
  const settings = { maxConnections: 2, idleUpToMs: 60_000, random: () => 0.9 };
  return new ConnectionPool(() => ({ host: hostname, port: Number(port) }), settings);
}

/** Sends one request and gives the connection back after its answer. */
async function answered(pool: ConnectionPool, connection: Connection | null): Promise<string[]> {
  const outcomes: Outcome[] = [];
  await new Promise<void>((resolve) => {
    connection?.send(request, (outcome) => {
      outcomes.push(outcome);
      resolve();
    });
  });
  if (connection !== null) pool.release(connection, 0);
  return outcomes.map((outcome) => outcome.kind);
}

test("an idle connection that its server closed is no loss, and is not used again", async () => {
  const sockets: Socket[] = [];
  await using server = await rawServer((socket) => {
    sockets.push(socket);
    socket.write(answerText("fine"));
  });
  const pool = poolFor(server.url);
  const first = pool.fresh();
  expect(await answered(pool, first)).toEqual(["answer"]);
  const [socket] = sockets;
  if (socket === undefined) throw new TypeError("no request came");
  // The client closes its side when it has seen that the server closed the other.
  const seen = once(socket, "close");
  socket.end();
  await seen;
  const second = pool.reused(0);
  expect(second).not.toBe(first);
  expect(await answered(pool, second)).toEqual(["answer"]);
  expect(first?.served).toBe(1);
  pool.close();
});

test("an idle connection that is open is used again", async () => {
  await using server = await rawServer((socket) => socket.write(answerText("fine")));
  const pool = poolFor(server.url);
  const first = pool.fresh();
  expect(await answered(pool, first)).toEqual(["answer"]);
  expect(pool.reused(0)).toBe(first);
  pool.close();
});
