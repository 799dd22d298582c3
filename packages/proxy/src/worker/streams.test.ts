import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { closeFrame, goingAway, maskedCloseFrame } from "../streams/close-frame.ts";
import {
  Cleanup,
  eventually,
  openClient,
  openPlane,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const eventHead = (framing: string) =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n${framing}\r\n`;
const chunked = eventHead("Transfer-Encoding: chunked\r\n");
const ask = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";
const upgrade = (protocol: string) =>
  `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const switching = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const latin1 = (bytes: Buffer) => bytes.toString("latin1");

/** One replica, `a`, that sends `head` to whoever asks; its sockets, and what came on each. */
async function planeWith(head: string) {
  const sockets: Socket[] = [];
  const heard: string[] = [];
  const port = await rawUpstream(cleanup, (socket, received) => {
    if (!sockets.includes(socket)) {
      sockets.push(socket);
      socket.write(head, "latin1");
    }
    heard[sockets.indexOf(socket)] = received.slice(received.indexOf("\r\n\r\n") + 4);
  });
  const { plane, port: front } = await openPlane(cleanup);
  plane.apply(tableOf(upstream("a", port)));
  const say = (text: string, index = 0) => void sockets[index]?.write(text, "latin1");
  /** `a` leaves, its streams within that time. */
  const leave = (streamsMs: number) =>
    plane.apply({ ...tableOf(), draining: [{ id: "a", streamsMs }] });
  const client = async (request: string, until = "\r\n\r\n") => {
    const opened = openClient(cleanup, front);
    opened.send(request);
    await opened.until(until);
    return opened;
  };
  const counted = () => {
    const { cut, streamsEnded } = plane.status().revisions["1"] ?? {};
    return { cut, streamsEnded, answered: plane.traffic.totals().answered };
  };
  return { plane, port, front, sockets, heard, say, leave, client, counted };
}

const body = (received: string) => received.slice(received.indexOf("\r\n\r\n") + 4);

test("an event stream ends behind the event at hand, as a whole answer on a connection that stays", async () => {
  const { plane, say, sockets, leave, client, counted } = await planeWith(chunked);
  const one = await client(ask);
  say(chunk("data: a\n\ndata"));
  await one.until("a\n\ndata");
  expect(plane.status().streams).toEqual({ a: { sse: 1, websocket: 0, tunnel: 0 } });
  leave(0);
  say(chunk(": b\n\n") + chunk("data: c\n\n"));
  await one.until("0\r\n\r\n");
  expect(body(one.received)).toBe(`${chunk("data: a\n\ndata")}${chunk(": b\n\n")}0\r\n\r\n`);
  await eventually(() => sockets[0]?.destroyed === true);
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
  expect(plane.status()).toMatchObject({ streams: {}, inFlight: {} });
  one.send(ask);
  await one.until("503 Service Unavailable");
});

test.each(["before", "after"])(
  "a client of events that closes %s the first one has left, though none comes any more",
  async (when) => {
    const { plane, sockets, front, say } = await planeWith(when === "after" ? chunked : "");
    const one = openClient(cleanup, front);
    one.send(ask);
    if (when === "after") await one.until("\r\n\r\n");
    else await eventually(() => sockets.length === 1);
    one.socket.end();
    if (when === "before") {
      await new Promise((resolve) => one.socket.once("finish", resolve));
      say(chunked);
    }
    await eventually(() => sockets[0]?.destroyed === true);
    expect(plane.status()).toMatchObject({ streams: {}, inFlight: { a: 0 } });
    await eventually(() => plane.status().openConnections === 0);
    expect(plane.traffic.totals()).toMatchObject({ abandoned: 1, answered: 0 });
  },
);

test("an event stream without chunks ends with its connection", async () => {
  const { say, leave, client, counted } = await planeWith(eventHead(""));
  const one = await client(ask);
  say("data: a\r\n\r\ndata: b");
  await one.until("data: b");
  leave(0);
  say("\r\n\r\ndata: c");
  expect(body(await one.rest())).toBe("data: a\r\n\r\ndata: b\r\n\r\n");
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
});

test("a WebSocket ends behind the message at hand, with the goodbyes of both sides", async () => {
  const { plane, sockets, heard, say, leave, client, counted } = await planeWith(
    switching("websocket"),
  );
  const one = await client(upgrade("WebSocket"));
  say("\x81\x05he");
  await one.until("\x81\x05he");
  expect(plane.status().streams).toEqual({ a: { sse: 0, websocket: 1, tunnel: 0 } });
  leave(0);
  one.send("\x81\x81");
  say("llo\x81\x03too late");
  await one.until(latin1(closeFrame(goingAway)));
  expect(body(one.received)).toBe(`\x81\x05hello${latin1(closeFrame(goingAway))}`);
  const goodbye = latin1(maskedCloseFrame(goingAway));
  one.send(`abcdX${goodbye}more`);
  await eventually(() => heard[0]?.endsWith(goodbye) === true);
  expect(heard[0]).toBe(`\x81\x81abcdX${goodbye}`);
  expect(one.ended).toBe(false);
  sockets[0]?.end(closeFrame(1000));
  await eventually(() => one.ended);
  expect(body(one.received).endsWith(latin1(closeFrame(goingAway)))).toBe(true);
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
});

test("the replica hears of a client that closes while its upgrade is under way", async () => {
  const { plane, sockets, front, say } = await planeWith("");
  const one = openClient(cleanup, front);
  one.send(upgrade("websocket"));
  await eventually(() => sockets.length === 1);
  one.socket.end();
  await new Promise((resolve) => one.socket.once("finish", resolve));
  // Who comes later is asked for once the FIN was heard.
  openClient(cleanup, front).send(ask);
  await eventually(() => sockets.length === 2);
  let heard = false;
  sockets[0]?.once("end", () => {
    heard = true;
  });
  say(switching("websocket"));
  await eventually(() => heard);
  await eventually(() => plane.status().inFlight["a"] === 1);
});

test("a client that says no goodbye does not keep the replica, which hears one all the same", async () => {
  const { heard, sockets, leave, client, counted } = await planeWith(switching("websocket"));
  const one = await client(upgrade("websocket"));
  leave(0);
  await one.until(latin1(closeFrame(goingAway)));
  await eventually(() => sockets[0]?.destroyed === true);
  expect(Buffer.from(heard[0] ?? "", "latin1").subarray(0, 2)).toEqual(Buffer.from([0x88, 0x82]));
  expect(heard[0]).toHaveLength(8);
  await one.rest();
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
});

test("a message in many frames is waited for, but only as long as the window lasts", async () => {
  const { say, leave, client } = await planeWith(switching("websocket"));
  const one = await client(upgrade("websocket"));
  const other = await client(upgrade("websocket"));
  for (const index of [0, 1]) say("\x01\x01a", index);
  await Promise.all([one.until("\x01\x01a"), other.until("\x01\x01a")]);
  leave(300);
  say("\x80\x01b", 0);
  await one.until(latin1(closeFrame(goingAway)));
  expect(body(one.received)).toBe(`\x01\x01a\x80\x01b${latin1(closeFrame(goingAway))}`);
  await other.until(latin1(closeFrame(goingAway)));
  expect(body(other.received)).toBe(`\x01\x01a${latin1(closeFrame(goingAway))}`);
});

test("what cannot be ended in good order is cut, and counted so", async () => {
  const { plane, say, leave, client, counted } = await planeWith(switching("websocket"));
  const stuck = await client(upgrade("websocket"));
  const closing = await client(upgrade("websocket"));
  say("\x81\x05he");
  await stuck.until("\x81\x05he");
  leave(0);
  await closing.until(latin1(closeFrame(goingAway)));
  expect(plane.cut("a")).toBe(1);
  await Promise.all([stuck.rest(), closing.rest()]);
  expect([body(stuck.received), body(closing.received)]).toEqual([
    "\x81\x05he",
    latin1(closeFrame(goingAway)),
  ]);
  expect(counted()).toEqual({ cut: 1, streamsEnded: 1, answered: 1 });
});

test("a protocol that nobody here knows is left alone until it is cut", async () => {
  const { plane, say, leave, client, counted } = await planeWith(switching("other"));
  const one = await client(upgrade("other"));
  expect(plane.status().streams).toEqual({ a: { sse: 0, websocket: 0, tunnel: 1 } });
  leave(0);
  say("still here");
  await one.until("still here");
  expect(plane.cut("a")).toBe(1);
  await one.rest();
  expect(counted()).toMatchObject({ cut: 1, streamsEnded: 0 });
});

test("events that cannot be seen, or have a length to keep, are left alone until they are cut", async () => {
  for (const more of [
    "Transfer-Encoding: chunked\r\nContent-Encoding: gzip",
    "Content-Length: 99",
  ]) {
    const { plane, say, leave, client, counted } = await planeWith(eventHead(`${more}\r\n`));
    const one = await client(ask);
    leave(0);
    say(chunk("data: a\n\n"));
    await one.until("data: a\n\n");
    expect(plane.status().streams).toEqual({ a: { sse: 1, websocket: 0, tunnel: 0 } });
    expect(plane.cut("a")).toBe(1);
    await one.rest();
    expect(counted()).toEqual({ cut: 1, streamsEnded: 0, answered: 0 });
  }
});

test("who closes by itself is not closed once more", async () => {
  const { say, leave, client, counted } = await planeWith(switching("websocket"));
  const one = await client(upgrade("websocket"));
  say(latin1(closeFrame(1000)));
  await one.until(latin1(closeFrame(1000)));
  leave(0);
  one.send(latin1(maskedCloseFrame(1000)));
  expect(counted()).toMatchObject({ streamsEnded: 0 });
  expect(body(one.received)).toBe(latin1(closeFrame(1000)));
});

test("streams do not end all at once, and one that begins late ends too", async () => {
  const { plane, front, say, leave, sockets } = await planeWith("");
  const asked = async (index: number) => {
    const opened = openClient(cleanup, front);
    opened.send(ask);
    await eventually(() => sockets.length > index);
    return opened;
  };
  const clients = [];
  for (let index = 0; index < 20; index += 1) clients.push(await asked(index));
  for (let index = 0; index < 19; index += 1) say(chunked, index);
  await Promise.all(clients.slice(0, 19).map((one) => one.until(chunked)));
  leave(2_000);
  say(chunked, 19);
  const ends = clients.map((one) => one.until("0\r\n\r\n"));
  await Promise.race(ends);
  expect(plane.status().streams["a"]?.sse).toBeGreaterThan(0);
  await Promise.all(ends);
  expect(plane.status().streams).toEqual({});
});

test("a replica that is out of the table for another reason keeps its streams", async () => {
  const { plane, say, client, counted } = await planeWith(chunked);
  const one = await client(ask);
  plane.apply(tableOf());
  say(chunk("data: a\n\n"));
  await one.until("data: a");
  expect(plane.status().streams).toEqual({ a: { sse: 1, websocket: 0, tunnel: 0 } });
  plane.drainStreams(null, 0);
  await one.until("0\r\n\r\n");
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
});

test("a window that is told again and again does not begin anew, a shorter one counts", async () => {
  const { plane, leave, client } = await planeWith(chunked);
  const one = await client(ask);
  leave(60_000);
  const begun = performance.now();
  plane.drainStreams(null, 400);
  const again = setInterval(() => leave(300), 20);
  cleanup.add(() => clearInterval(again));
  await one.until("0\r\n\r\n");
  expect(performance.now() - begun).toBeGreaterThan(50);
});

test("who drained and is back in the table keeps its streams", async () => {
  const { plane, port, say, leave, client } = await planeWith(chunked);
  leave(60_000);
  plane.apply(tableOf(upstream("a", port)));
  const one = await client(ask);
  say(chunk("data: a\n\n"));
  await one.until("data: a");
  plane.apply({ ...tableOf(), draining: [{ id: "other", streamsMs: 0 }] });
  say(chunk("data: b\n\n"));
  await one.until("data: b");
  expect(plane.status().streams).toEqual({ a: { sse: 1, websocket: 0, tunnel: 0 } });
});

test("who stops reading a WebSocket stops the other side, both ways, and still gets a whole end", async () => {
  const { sockets, leave, client, counted } = await planeWith(switching("websocket"));
  const one = await client(upgrade("websocket"));
  const [replica] = sockets;
  if (replica === undefined) throw new Error("no replica");
  const payload = Buffer.alloc(60_000, "x");
  const frame = Buffer.concat([Buffer.from([0x82, 126, 60_000 >> 8, 60_000 & 255]), payload]);
  one.socket.pause();
  replica.pause();
  const full = (socket: Socket, bytes: Buffer) => {
    for (let n = 0; n < 20 && !socket.writableNeedDrain; n += 1) socket.write(bytes);
    return socket.writableNeedDrain;
  };
  // More than the kernel holds: the proxy has asked both to wait.
  await eventually(() => full(replica, frame) && full(one.socket, Buffer.alloc(60_000)));
  leave(0);
  one.socket.resume();
  await one.until(latin1(closeFrame(goingAway)));
  const all = body(one.received);
  expect((all.length - 4) % frame.length).toBe(0);
  replica.resume();
  await eventually(() => replica.destroyed);
  expect(counted()).toEqual({ cut: 0, streamsEnded: 1, answered: 1 });
});
