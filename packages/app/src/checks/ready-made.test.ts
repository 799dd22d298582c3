import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { expect, test } from "vitest";
import { withTimeout } from "../with-timeout.ts";
import type { Check } from "./check.ts";
import { disk, eventLoop, http } from "./index.ts";

const run = (check: Check, ms = 5000) => withTimeout((signal) => check.run(signal), ms);

async function listening(handler: RequestListener) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { server, url: `http://127.0.0.1:${port}/ping`, [Symbol.asyncDispose]: close };
}

test("http: 2xx passes, anything else does not, and a redirect is not followed", async () => {
  await using made = await listening((request, response) => {
    const status = Number(new URL(request.url ?? "", "http://x").searchParams.get("status"));
    response.writeHead(status, { Location: "/ping?status=200" }).end();
  });
  expect(await run(http(`${made.url}?status=204`))).toEqual({ outcome: "done" });
  for (const status of [301, 404, 503]) {
    const url = `${made.url}?status=${status}&token=secret`;
    const result = await run(http(url));
    const message = `GET ${made.url} answered ${status}; expected 200 to 299`;
    expect(result).toMatchObject({ outcome: "failed", error: { message } });
    expect(await run(http(url, { status }))).toEqual({ outcome: "done" });
  }
});

test("http: leaves no connections behind, neither at a body without an end nor at no answer", async () => {
  let hangs = false;
  await using made = await listening((_, response) => {
    if (hangs) return;
    response.writeHead(200);
    response.write("x".repeat(100_000));
  });
  const open = () => new Promise<number>((found) => made.server.getConnections((_, n) => found(n)));
  expect(await run(http(made.url, { method: "POST" }))).toEqual({ outcome: "done" });
  await expect.poll(open).toBe(0);
  hangs = true;
  expect(await run(http(made.url), 50)).toMatchObject({ outcome: "timedOut" });
  await expect.poll(open).toBe(0);
});

test("http: refuses what is no URL when it is made, and says why it was refused when it is asked", async () => {
  expect(() => http("ping")).toThrow(TypeError);
  expect(() => http("redis://x")).toThrow("is redis:; it must be http: or https:");
  await using made = await listening(() => {});
  await made[Symbol.asyncDispose]();
  expect(await run(http(made.url))).toMatchObject({ outcome: "failed" });
});

test("event loop: informative; fails for what happened since the last run, and only that", async () => {
  const check = eventLoop({ limitMs: 60 });
  expect([check.critical, eventLoop({ critical: true }).critical]).toEqual([false, true]);
  expect(await run(check)).toEqual({ outcome: "done" });
  await turns();
  const end = performance.now() + 200;
  while (performance.now() < end);
  await turns();
  expect(await run(check)).toMatchObject({ outcome: "failed" });
  // Polled: on a busy machine a tick may be late without our doing.
  await expect.poll(() => run(check)).toEqual({ outcome: "done" });
});

test("disk: informative; fails below the bytes or the share that have to be free, and where nothing is", async () => {
  expect(disk().critical).toBe(false);
  expect(await run(disk({ path: "/tmp", freeShare: 0 }))).toEqual({ outcome: "done" });
  const failing: readonly [Parameters<typeof disk>[0], RegExp][] = [
    [{ path: "/tmp", freeShare: 1 }, /^\/tmp: \d+\.\d % are free; expected 100\.0 %$/],
    [
      { path: "/tmp", freeBytes: 2 ** 50 },
      /^\/tmp: \d+ bytes are free; expected 1125899906842624$/,
    ],
    [{ path: "/nowhere/at/all" }, /ENOENT/],
    [{ path: "/proc" }, /does not say how large/],
  ];
  for (const [options, message] of failing) {
    const result = await run(disk(options));
    const error = result.outcome === "failed" ? result.error : null;
    expect(error instanceof Error ? error.message : "").toMatch(message);
  }
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((next) => setTimeout(next, 12));
}
