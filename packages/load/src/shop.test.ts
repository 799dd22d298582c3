import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { startLoad } from "./start-load.ts";
import { shopFolder } from "./testing/shop-folder.ts";
import { until } from "./testing/until.ts";

test.each(["1.0", "1.1"])("the shop %s answers every request of the mix", async (version) => {
  await using shop = await startShop(version, { HITLESS_REVISION: "4", GREETING: "servus" });
  await using load = startLoad({ url: shop.url, rate: 200 });
  await until(() => load.snapshot().total.seconds >= 1.2);
  const { total } = await load.stop();
  expect(total.examples).toEqual([]);
  expect(total.answersBy).toEqual({ [`${version}@4`]: { [String(shop.child.pid)]: total.sent } });
  expect(total.configValues["GREETING=servus"]).toBe(total.sent);
  expect(total.kinds.slow.latencyMs.p50).toBeGreaterThanOrEqual(299);
});

test("the shop finishes what is in flight at SIGTERM, then exits with 0", async () => {
  await using shop = await startShop("1.0", {});
  await using load = startLoad({ url: shop.url, rate: 50, mix: { slow: 1 } });
  await until(() => load.snapshot().total.outstanding > 3);
  const stop = load.stop();
  // Connections are accepted in their order: with this answer, all before it are in its hands.
  expect((await fetch(`${shop.url}/health`)).status).toBe(200);
  const exited = once(shop.child, "exit");
  shop.child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  const { total } = await stop;
  expect(total.examples).toEqual([]);
  expect(total.answered).toBeGreaterThan(3);
});

test("the shop is not ready before its start delay is over, though it is healthy", async () => {
  await using shop = await startShop("1.0", { START_DELAY_MS: "60000" });
  const status = async (path: string) => (await fetch(shop.url + path)).status;
  expect(await status("/health")).toBe(200);
  expect(await status("/startup")).toBe(503);
  expect(await status("/ready")).toBe(503);
});

test("the shop that has no payments says so, and is ready all the same", async () => {
  await using shop = await startShop("1.1", { PAYMENTS_URL: "http://127.0.0.1:1/" });
  const ready = async () => {
    const answer = await fetch(`${shop.url}/ready`);
    return { status: answer.status, body: JSON.stringify(await answer.json()) };
  };
  await until(async () => (await ready()).body.includes('"failing"'));
  expect(await ready()).toEqual({ status: 200, body: expect.stringContaining('"payments":') });
});

test("the shop ends its event streams at SIGTERM and does not wait for their clients", async () => {
  await using shop = await startShop("1.0", {});
  const events = await fetch(`${shop.url}/events`);
  const exited = once(shop.child, "exit");
  shop.child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(await events.text()).toMatch(/^data: {"app":"shop",.*}\n\n/);
});

test("the ill shop is well until its config names an illness", async () => {
  const statusOf = async (env: Record<string, string>) => {
    await using shop = await startShop("bad/ill", env);
    return (await fetch(shop.url)).status;
  };
  expect(await statusOf({ ERROR_PERCENT: "100" })).toBe(200);
  expect(await statusOf({ ERROR_PERCENT: "100", ILL: "errors" })).toBe(500);
});

test("the shop that crashes after the switch bears a small weight", async () => {
  const env = { ILL: "crash-after-switch", CRASH_ABOVE: "3" };
  await using shop = await startShop("bad/ill", env);
  const exited = once(shop.child, "exit");
  const statuses = await Promise.all([1, 2, 3].map(async () => (await fetch(shop.url)).status));
  expect(statuses).toEqual([200, 200, 200]);
  const crowd = Array.from({ length: 12 }, () => fetch(shop.url));
  await Promise.allSettled(crowd);
  expect(await exited).toEqual([1, null]);
});

interface Shop extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
}

async function startShop(version: string, env: Record<string, string>): Promise<Shop> {
  const port = await freePort();
  const child = spawn(process.execPath, ["server.mjs"], {
    cwd: shopFolder(version),
    env: { ...process.env, HITLESS_DRAIN_DELAY_SECONDS: "0", ...env, PORT: String(port) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let listening = false;
  const look = () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      listening = true;
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
  };
  await until(() => {
    if (!listening) look();
    return listening;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
