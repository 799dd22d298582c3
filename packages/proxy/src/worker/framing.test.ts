import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { afterEach, expect, test } from "vitest";
import {
  Cleanup,
  eventually,
  listenUpstream,
  openClient,
  openPlane,
  rawRequest,
  rawUpstream,
  tableOf,
  upstream,
} from "../testing/proxy-harness.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** A node:http app: echoes method, target, some headers and the body's length and digest. */
async function echoApp(): Promise<number> {
  return listenUpstream(
    cleanup,
    createServer((request, response) => {
      void bodyOf(request).then((body) => {
        response.setHeader("Content-Type", "application/json");
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            host: request.headers.host,
            forwarded: [
              request.headers["x-forwarded-for"],
              request.headers["x-forwarded-proto"],
              request.headers["x-forwarded-host"],
            ],
            length: body.length,
            digest: createHash("sha256").update(body).digest("hex"),
          }),
        );
      });
    }),
  );
}

async function serving(port: number, timeouts = {}) {
  const opened = await openPlane(cleanup, timeouts);
  opened.plane.apply(tableOf(upstream("a", port)));
  return opened;
}

const digest = (body: string) => createHash("sha256").update(body).digest("hex");

test("forwards a request to node:http and says who asked, whatever the client claims", async () => {
  const { port } = await serving(await echoApp());
  const answer = await rawRequest(
    port,
    "GET /x?y HTTP/1.1\r\nHost: shop:80\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toContain("Connection: close\r\n");
  expect(answer).not.toMatch(/keep-alive/i);
  expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({
    url: "/x?y",
    host: "shop:80",
    forwarded: ["127.0.0.1", "http", "shop:80"],
  });
});

test.each([
  ["with a length", (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`],
  [
    "in chunks",
    (body: string) =>
      `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)};x=1\r\n${body}\r\n0\r\nX-Sum: 1\r\n\r\n`,
  ],
])("passes bodies %s, of any size, cut anywhere", async (_name, framed) => {
  const { port } = await serving(await echoApp());
  for (const size of [1, 1_000, 300_000]) {
    const body = "x".repeat(size);
    const text = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${framed(body)}`;
    const client = openClient(cleanup, port);
    for (const cut of [5, 40, 90, text.length]) {
      client.send(text.slice(Math.min(cut === 5 ? 0 : previous(cut), text.length), cut));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.rest()).toContain(`"length":${size},"digest":"${digest(body)}"`);
  }
});

function previous(cut: number): number {
  if (cut === 40) return 5;
  return cut === 90 ? 40 : 90;
}

test.each([
  [
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
    "bad-framing",
  ],
  ["GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "bad-request"],
  ["GET / HTTP/1.1\nHost: a\n\n", 400, "bad-request"],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(17_000)}\r\n\r\n`, 431, "head-too-large"],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(17_000)}`, 431, "head-too-large"],
  [`GET /${"y".repeat(17_000)}`, 414, "target-too-long"],
  ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http-version"],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "transfer-coding"],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 400, "bad-chunk"],
])("answers %j with %i %s, closes, and sends nothing upstream", async (...row) => {
  const [text, status, reason] = row;
  let asked = 0;
  const { plane, port } = await serving(
    await rawUpstream(cleanup, () => {
      asked += 1;
    }),
  );
  const answer = await rawRequest(port, text);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*X-Hitless-Reason: ${reason}\r\n`, "s"));
  expect(answer).toContain("Connection: close\r\n");
  expect(plane.status().answeredByProxy).toEqual({ [reason]: 1 });
  expect(asked).toBe(0);
});

test("a malformed chunk after good ones is answered with 400 and the replica's connection broken", async () => {
  let got = "";
  let broken = false;
  const { port } = await serving(
    await rawUpstream(cleanup, (socket, received) => {
      got = received;
      socket.once("close", () => {
        broken = true;
      });
    }),
  );
  const client = openClient(cleanup, port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  await eventually(() => got.endsWith("abc\r\n"));
  client.send("oops\r\n");
  expect(await client.rest()).toMatch(/^HTTP\/1.1 400 [\s\S]*bad-chunk/);
  await eventually(() => broken);
});

test.each([
  ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "two lengths"],
  ["HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n", "a bare LF"],
  ["HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "bare LFs only, as of a script"],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "a change of protocol nobody asked for"],
  [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}`, "an endless head"],
])("answers 502 for %j (%s)", async (reply) => {
  const { port } = await serving(await rawUpstream(cleanup, (socket) => socket.write(reply)));
  expect(await rawRequest(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(
    /^HTTP\/1.1 502 [\s\S]*X-Hitless-Reason: bad-response/,
  );
});

test("an answer without a length ends with the connection", async () => {
  const { port } = await serving(
    await rawUpstream(cleanup, (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nX: y\r\n\r\nfirst ");
      socket.end("last");
    }),
  );
  expect(await rawRequest(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toBe(
    "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nfirst last",
  );
});

test.each([
  ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"],
])("a truncated answer stays truncated: %j", async (reply) => {
  const { port } = await serving(await rawUpstream(cleanup, (socket) => socket.end(reply)));
  const client = openClient(cleanup, port);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => client.closed);
  expect(client.received).toBe(reply);
});

test("HEAD, 204 and 304 have no body, and the connection serves on", async () => {
  const { port } = await serving(
    await rawUpstream(cleanup, (socket, received) => {
      if (received.includes("/last")) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
      } else if (received.includes("/304"))
        socket.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
      else if (received.includes("/204")) socket.write("HTTP/1.1 204 No Content\r\n\r\n");
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    }),
  );
  const client = openClient(cleanup, port);
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until("200 OK");
  client.send("GET /204 HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until("204");
  client.send("GET /304 HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until("304");
  client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await client.rest()).toMatch(/done$/);
});

test("100-continue is the replica's to say", async () => {
  const { port } = await serving(await echoApp());
  const client = openClient(cleanup, port);
  client.send(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
  );
  await client.until("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  expect(await client.rest()).toMatch(/100 Continue\r\n\r\nHTTP\/1.1 200 OK[\s\S]*"length":3/);
});

test("103 passes before the answer, and not to HTTP/1.0", async () => {
  const { port } = await serving(
    await rawUpstream(cleanup, (socket) =>
      socket.write(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      ),
    ),
  );
  expect(await rawRequest(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(
    /^HTTP\/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP\/1.1 200/,
  );
  expect(await rawRequest(port, "GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 200/);
});

test("what a 1xx says of the connection stays between proxy and replica", async () => {
  const { port } = await serving(
    await rawUpstream(cleanup, (socket) =>
      socket.write(
        "HTTP/1.1 103 Early Hints\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Hitless-Reason: cut\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      ),
    ),
  );
  expect(await rawRequest(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).toMatch(
    /^HTTP\/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP\/1.1 200/,
  );
});

test("an HTTP/1.0 client gets no chunks, and keeps its connection when it asks", async () => {
  const app = await listenUpstream(
    cleanup,
    createServer((request, response) => {
      if (request.url === "/sized") response.setHeader("Content-Length", 5);
      response.write("he");
      response.end("llo");
    }),
  );
  const { port } = await serving(app);
  const streamed = await rawRequest(port, "GET / HTTP/1.0\r\n\r\n");
  expect(streamed).toMatch(/\r\n\r\nhello$/);
  expect(streamed).not.toContain("chunked");
  const client = openClient(cleanup, port);
  for (const round of [1, 2]) {
    client.send("GET /sized HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await eventually(() => client.received.split("hello").length === round + 1);
  }
  expect(client.received).toContain("Connection: keep-alive\r\n");
});

test("pipelined requests are answered in order", async () => {
  const { port } = await serving(await echoApp());
  const client = openClient(cleanup, port);
  const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
  client.send(
    paths
      .map((path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy`)
      .join("\r\n"),
  );
  await eventually(() => client.received.split('"length":2').length === 21);
  expect([...client.received.matchAll(/"url":"([^"]+)"/g)].map((found) => found[1])).toEqual(paths);
});

test("a client that ended its half after a full request gets its answer", async () => {
  const { port } = await serving(await echoApp());
  const client = openClient(cleanup, port);
  client.socket.end("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
  expect(await client.rest()).toContain('"length":2');
});

test("a client that ended its half in the middle of a body breaks the request", async () => {
  let upstream: "unknown" | "asked" | "closed" = "unknown";
  const app = await rawUpstream(cleanup, (socket) => {
    upstream = "asked";
    socket.once("close", () => {
      upstream = "closed";
    });
  });
  const { plane, port } = await serving(app);
  const client = openClient(cleanup, port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nxy");
  // In flight it is before its connection is made: that one has to be there to be seen closed.
  await eventually(() => upstream === "asked" && plane.status().inFlight["a"] === 1);
  client.socket.end();
  await eventually(() => upstream === "closed" && plane.status().inFlight["a"] === 0);
});

test("an answer that came before the request's end is passed on, then both connections close", async () => {
  let upstreamClosed = false;
  const app = await rawUpstream(cleanup, (socket, received) => {
    if (!received.includes("\r\n\r\n")) return;
    socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    socket.on("close", () => {
      upstreamClosed = true;
    });
  });
  const { port } = await serving(app);
  const client = openClient(cleanup, port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\nxy");
  expect(await client.rest()).toMatch(/^HTTP\/1.1 413 [\s\S]*Connection: close[\s\S]*no$/);
  await eventually(() => upstreamClosed);
});

test("a client that stops reading stops the replica, with bounded memory in between", async () => {
  let written = 0;
  let finished = false;
  const total = 64 * 1_024 * 1_024;
  const app = await listenUpstream(
    cleanup,
    createServer((_request, response) => {
      response.setHeader("Content-Length", total);
      const chunk = Buffer.alloc(65_536);
      const pump = () => {
        while (written < total) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once("drain", pump);
            return;
          }
        }
        response.end(() => {
          finished = true;
        });
      };
      pump();
    }),
  );
  const { port } = await serving(app);
  const client = openClient(cleanup, port);
  let length = 0;
  client.socket.removeAllListeners("data");
  client.socket.on("data", (data: Buffer) => {
    length += data.length;
  });
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await eventually(() => length > 0);
  client.socket.pause();
  let seen = -1;
  await eventually(async () => {
    const before = seen;
    seen = written;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return before === written;
  });
  // What the kernel buffers on two loopback connections; the proxy's own share is below 256 KB.
  expect(written).toBeLessThan(32 * 1_024 * 1_024);
  expect(finished).toBe(false);
  client.socket.resume();
  await eventually(() => finished && length > total);
});

test("a replica that stops reading stops the client", async () => {
  const app = await rawUpstream(cleanup, (socket) => socket.pause());
  const { port } = await serving(app);
  const client = openClient(cleanup, port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
  const chunk = Buffer.alloc(65_536);
  let sent = 0;
  await eventually(() => {
    while (!client.socket.writableNeedDrain && sent < 90_000_000) {
      client.socket.write(chunk);
      sent += chunk.length;
    }
    return client.socket.writableNeedDrain;
  });
  const stuck = client.socket.bytesWritten;
  expect(stuck).toBeLessThan(90_000_000);
});

test("empty lines before a request are ignored, however many and however cut", async () => {
  const { port } = await serving(await echoApp());
  const client = openClient(cleanup, port);
  client.send("\r\n".repeat(20_000));
  client.send("\r");
  await new Promise((resolve) => setImmediate(resolve));
  client.send("\nGET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await client.rest()).toContain('"url":"/after"');
});
