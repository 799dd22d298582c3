import { request as ask, createServer, type RequestListener } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type ServeOptions, type Service, serve } from "./index.ts";

const running: Service[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.shutdown()));
});

async function started(handler: RequestListener, options: ServeOptions = {}) {
  const service = serve(createServer(handler), {
    logger: null,
    signals: [],
    drainOnCrash: false,
    drain: { delayMs: 0, timeoutMs: 2000, lingerMs: 50 },
    ...options,
  });
  running.push(service);
  const { port } = await service.listen({ port: 0, host: "127.0.0.1" });
  return { service, base: `http://127.0.0.1:${port}` };
}

const status = async (url: string) => (await fetch(url)).status;

test("answers its probes before the application sees them, and leaves the rest to it", async () => {
  const { base } = await started((request, response) => response.end(`app ${request.url}`));
  expect(await (await fetch(`${base}/ready`)).json()).toEqual({ status: "ready", checks: {} });
  expect(await status(`${base}/startup?x=1`)).toBe(200);
  expect(await status(`${base}/health`)).toBe(200);
  expect(await (await fetch(`${base}/orders`)).text()).toBe("app /orders");
  const posted = await fetch(`${base}/ready`, { method: "POST" });
  expect(await posted.text()).toBe("app /ready");
});

test("is alive but neither started nor ready until its startup tasks are over", async () => {
  const gate = withResolvers();
  const { base } = await started((_, response) => response.end(), {
    startup: { migrate: () => gate.promise },
    notReadyStatus: 500,
  });
  expect(await status(`${base}/startup`)).toBe(500);
  expect(await (await fetch(`${base}/ready`)).json()).toMatchObject({ waitingFor: ["migrate"] });
  expect(await status(`${base}/health`)).toBe(200);
  gate.resolve(undefined);
  await expect.poll(() => status(`${base}/ready`)).toBe(200);
});

test("says once why a startup task fails, and that it is over in the end", async () => {
  const said: string[] = [];
  const logger = {
    info: (_: object, text: string) => said.push(text),
    warn: (_: object, text: string) => said.push(text),
  };
  let tries = 0;
  const { base } = await started((_, response) => response.end(), {
    logger,
    startup: {
      migrate: () => {
        tries += 1;
        if (tries < 3) throw new Error("locked");
      },
    },
  });
  await expect.poll(() => status(`${base}/ready`), { timeout: 10_000 }).toBe(200);
  expect(said).toEqual([
    "startup migrate failed and is tried again each second: locked",
    "startup migrate is over",
  ]);
});

test("waits for a startup task that is under way, tells it, and begins none again", async () => {
  let begun = 0;
  const told = withResolvers();
  const { service } = await started((_, response) => response.end(), {
    startup: {
      migrate: (signal) => {
        begun += 1;
        signal.addEventListener("abort", () => told.resolve(undefined));
        return told.promise.then(() => Promise.reject(new Error("half done")));
      },
    },
  });
  expect(await service.shutdown()).toMatchObject({ inFlight: 1, cut: 0, exitCode: 0 });
  expect(begun).toBe(1);
});

test("serves with Connection: close and a closed readiness during the delay, then refuses", async () => {
  const { service, base } = await started((_, response) => response.end("ok"), {
    drain: { delayMs: 300, timeoutMs: 2000, lingerMs: 50 },
  });
  const ended = service.shutdown();
  const answer = await fetch(`${base}/`);
  expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  expect([await status(`${base}/ready`), await status(`${base}/health`)]).toEqual([503, 200]);
  expect(await ended).toMatchObject({
    reason: "close",
    served: 1,
    finished: 1,
    cut: 0,
    exitCode: 0,
  });
  await expect(fetch(`${base}/`)).rejects.toThrow();
});

test("names what was cut, answers it 503, and runs the hooks all the same", async () => {
  const ran: string[] = [];
  const arrived = withResolvers();
  const { service, base } = await started(() => arrived.resolve(undefined), {
    drain: { delayMs: 0, timeoutMs: 100, lingerMs: 50 },
    onShutdown: [
      { name: "first", run: () => Promise.reject(new Error("no")) },
      { name: "second", run: () => ran.push("second") },
    ],
  });
  const hung = new Promise<number | undefined>((resolve, reject) => {
    const request = ask(`${base}/hang?token=1`, { method: "PUT" }, (response) => {
      resolve(response.statusCode);
    });
    request.once("error", reject);
    request.end();
  });
  await arrived.promise;
  const receipt = await service.shutdown();
  expect(receipt).toMatchObject({ cut: 1, exitCode: 1, hung: [{ method: "PUT", route: "/hang" }] });
  expect(receipt.hooks.map(({ outcome }) => outcome)).toEqual(["failed", "done"]);
  expect([ran, await hung]).toEqual([["second"], 503]);
});

function withResolvers() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
