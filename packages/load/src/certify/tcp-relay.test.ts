import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { accepts } from "../accepts.ts";
import { TcpRelay } from "./tcp-relay.ts";

const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function relayToEcho(): Promise<TcpRelay> {
  const echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const address = echo.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  const relay = await TcpRelay.open({ host: "127.0.0.1", port: address.port });
  opened.push(relay, echo);
  return relay;
}

async function echoed(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write("hello");
  const [bytes] = await once(socket, "data");
  socket.destroy();
  return String(bytes);
}

test("passes bytes there and back", async () => {
  const relay = await relayToEcho();
  expect(await echoed(relay.port)).toBe("hello");
});

test("cut, it breaks what is open and refuses what is new; mended, it passes bytes again", async () => {
  const relay = await relayToEcho();
  const target = { host: "127.0.0.1", port: relay.port };
  const held = connect(relay.port, "127.0.0.1");
  held.write("x");
  await once(held, "data");
  const closed = once(held, "close");
  await relay.cut();
  await closed;
  expect(await accepts(target)).toBe(false);
  await relay.mend();
  expect(await echoed(relay.port)).toBe("hello");
});
