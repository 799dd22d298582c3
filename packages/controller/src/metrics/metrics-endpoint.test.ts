import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { MetricsEndpoint, type Page } from "./metrics-endpoint.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Somebody who listens on a port of their own. */
async function somebody() {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const leave = () => new Promise<void>((left) => server.close(() => left()));
  closing.push(leave);
  if (address === null || typeof address === "string") throw new TypeError("not a TCP server");
  return { port: address.port, leave };
}

async function freePort(): Promise<number> {
  const { port, leave } = await somebody();
  await leave();
  return port;
}

const pages = (read: Page["read"]) => new Map([["/metrics", { contentType: "text/css", read }]]);

function endpoint(read: Page["read"] = async () => "hitless_up 1\n") {
  const events: string[] = [];
  const made = new MetricsEndpoint({ pages: pages(read), event: (text) => events.push(text) });
  closing.push(() => made.close());
  return { made, events };
}

const urlOf = (port: number) => `http://127.0.0.1:${port}/metrics`;

it("serves the page, and nothing else", async () => {
  const { made } = endpoint();
  const port = await freePort();
  expect(await made.moveTo(port)).toBe(true);
  const answer = await fetch(urlOf(port));
  expect(answer.headers.get("content-type")).toBe("text/css");
  expect(await answer.text()).toBe("hitless_up 1\n");
  const nowhere = await fetch(urlOf(port).replace("/metrics", "/"));
  expect([nowhere.status, await nowhere.text()]).toEqual([404, "see /metrics\n"]);
  expect((await fetch(urlOf(port), { method: "POST" })).status).toBe(405);
});

it("moves, and leaves its port when there is none any more", async () => {
  const { made, events } = endpoint();
  const [first, second] = [await freePort(), await freePort()];
  await made.moveTo(first);
  await made.moveTo(second);
  await expect(fetch(urlOf(first))).rejects.toThrow();
  expect((await fetch(urlOf(second))).status).toBe(200);
  await made.moveTo(null);
  await expect(fetch(urlOf(second))).rejects.toThrow();
  expect(events).toEqual([
    `metrics are served on http://127.0.0.1:${first}/metrics`,
    `metrics are served on http://127.0.0.1:${second}/metrics`,
  ]);
});

it("says once that its port is taken, and takes it when it is free", async () => {
  const { made, events } = endpoint();
  const { port, leave } = await somebody();
  expect(await made.moveTo(port)).toBe(false);
  expect(await made.moveTo(port)).toBe(false);
  expect(events).toEqual([
    expect.stringMatching(
      `cannot be served on 127.0.0.1:${port}: .*EADDRINUSE.*; it is tried again`,
    ),
  ]);
  await leave();
  expect(await made.moveTo(port)).toBe(true);
  expect((await fetch(urlOf(port))).status).toBe(200);
});

it("answers 500 with the reason when the page cannot be made", async () => {
  const { made } = endpoint(() => Promise.reject(new Error("the disk is gone")));
  const port = await freePort();
  await made.moveTo(port);
  const answer = await fetch(urlOf(port));
  expect([answer.status, await answer.text()]).toEqual([
    500,
    "/metrics cannot be read: the disk is gone\n",
  ]);
});
