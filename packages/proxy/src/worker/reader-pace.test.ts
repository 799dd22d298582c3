import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  listenUpstream,
  openClient,
  openPlane,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";
import { bytesTaken, ReaderPace } from "./reader-pace.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** When it is found too slow, looked at once a second; null: not within ten minutes. */
function foundAt(takenAt: (second: number) => number, limitMs = 30_000): number | null {
  const pace = new ReaderPace(takenAt(0), 0);
  for (let second = 1; second < 600; second += 1) {
    if (pace.tooSlow(takenAt(second), second * 1_000, limitMs)) return second;
  }
  return null;
}

test("who takes nothing is too slow when the time is up", () => {
  expect(foundAt(() => 5_000_000)).toBe(30);
});

test("who takes 240 bytes a second is quick enough, in whatever pieces; who takes less is not", () => {
  expect(foundAt((second) => second * 240)).toBe(null);
  expect(foundAt((second) => Math.floor(second / 25) * 7_200)).toBe(null);
  expect(foundAt((second) => second * 239)).toBe(30);
});

test("what was taken in the first second lasts no longer than the limit", () => {
  expect(foundAt((second) => Math.min(second, 1) * 5_000_000)).toBe(31);
});

test("without a limit it may take its time", () => {
  expect(foundAt(() => 0, 0)).toBe(null);
});

test("a write that waits counts as far as the system has taken it", async () => {
  const size = 64 * 1024 * 1024;
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.pause()));
  const socket = connect(await listenUpstream(cleanup, server), "127.0.0.1");
  cleanup.add(() => socket.destroy());
  await eventually(() => accepted.length > 0 && !socket.connecting);
  socket.write(Buffer.alloc(size));
  await eventually(() => bytesTaken(socket) > 0);
  const first = bytesTaken(socket);
  expect([first < size, socket.writableLength]).toEqual([true, size]);
  let read = 0;
  accepted[0]?.resume().on("data", (data: Buffer) => {
    read += data.length;
  });
  await eventually(() => bytesTaken(socket) === size && read === size);
});

test("an answer that is complete is waited for no longer than one that is not", async () => {
  const body = "x".repeat(8_192);
  const app = await rawUpstream(cleanup, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  const limitMs = 1_500;
  const { plane, port } = await openPlane(cleanup, { bodyIdleMs: limitMs, clientIdleMs: 60_000 });
  plane.apply(tableOf(upstream("a", app)));
  const client = openClient(cleanup, port);
  client.socket.pause();
  await eventually(() => plane.clients.size === 1);
  // More than fits between the two; the proxy begins no answer while one is on its way.
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000));
  let stalledAt = 0;
  let answered = -1;
  await eventually(() => {
    const now = plane.status().traffic.answered;
    if (now !== answered) stalledAt = performance.now();
    answered = now;
    return plane.clients.size === 0;
  });
  expect(performance.now() - stalledAt).toBeLessThan(2 * limitMs);
});
