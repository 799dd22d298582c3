import pg from "pg";
import { expect, test } from "vitest";
import { type FakeServer, fakePostgres } from "../testing/fake-server.ts";
import { withTimeout } from "../with-timeout.ts";
import type { Check } from "./check.ts";
import { postgres } from "./postgres.ts";

const runFor = (check: Check, ms: number) => withTimeout((signal) => check.run(signal), ms);

function poolOf(server: FakeServer, max = 2) {
  const pool = new pg.Pool({ host: "127.0.0.1", user: "a", database: "a", port: server.port, max });
  const close = async () => {
    server.cutAll();
    await pool.end();
  };
  return { pool, [Symbol.asyncDispose]: close };
}

test("passes over a connection of the pool and gives it back", async () => {
  await using server = await fakePostgres();
  await using made = poolOf(server);
  const check = postgres(made.pool, { critical: false });
  expect(check.critical).toBe(false);
  for (let at = 0; at < 3; at += 1) expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
  expect([made.pool.totalCount, made.pool.idleCount, server.size]).toEqual([1, 1, 1]);
});

test("a query that hangs costs the pool nothing, where pool.query loses a connection at each", async () => {
  await using server = await fakePostgres();
  await using made = poolOf(server);
  await using naive = poolOf(server);
  const check = postgres(made.pool);
  const asks: Check[] = [check, { run: () => naive.pool.query("SELECT 1") }];
  // Two connections each, then no answers on them.
  const all = [made.pool, naive.pool].flatMap((pool) => [pool.connect(), pool.connect()]);
  for (const client of await Promise.all(all)) client.release();
  server.hang();
  for (const ask of [...asks, ...asks]) {
    expect(await runFor(ask, 20)).toMatchObject({ outcome: "timedOut" });
  }
  expect([made.pool.totalCount, made.pool.waitingCount]).toEqual([0, 0]);
  expect([naive.pool.totalCount, naive.pool.idleCount]).toEqual([2, 0]);
  server.goOn();
  expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
});

test("a connection that comes too late goes to the pool", async () => {
  await using server = await fakePostgres();
  await using made = poolOf(server, 1);
  const check = postgres(made.pool);
  const held = await made.pool.connect();
  expect(await runFor(check, 20)).toMatchObject({ outcome: "timedOut" });
  expect(made.pool.waitingCount).toBe(1);
  held.release();
  await expect.poll(() => made.pool.idleCount).toBe(1);
  expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
});

test("a server that goes away fails it and ends nothing, although nobody else listens for errors", async () => {
  await using server = await fakePostgres();
  await using made = poolOf(server);
  const check = postgres(made.pool);
  await runFor(check, 5000);
  server.hang();
  const asking = runFor(check, 5000);
  await expect.poll(() => made.pool.idleCount).toBe(0);
  server.cutAll();
  expect(await asking).toMatchObject({ outcome: "failed" });
  await expect.poll(() => server.size).toBe(0);
  const connecting = runFor(check, 5000);
  await expect.poll(() => server.size).toBe(1);
  server.cutAll();
  expect(await connecting).toMatchObject({ outcome: "failed" });
  server.goOn();
  expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
  server.cutAll();
  await expect.poll(() => made.pool.totalCount).toBe(0);
  expect(await runFor(check, 5000)).toEqual({ outcome: "done" });
});

test("asks a single client, and what has `unsafe` as postgres.js does", async () => {
  await using server = await fakePostgres();
  const client = new pg.Client({ host: "127.0.0.1", user: "a", database: "a", port: server.port });
  await client.connect();
  expect(await runFor(postgres(client), 5000)).toEqual({ outcome: "done" });
  client.on("error", () => {});
  server.cutAll();
  await expect.poll(() => server.size).toBe(0);
  expect(await runFor(postgres(client), 5000)).toMatchObject({ outcome: "failed" });
  const asked: string[] = [];
  const sql = { unsafe: (text: string) => Promise.resolve(asked.push(text)) };
  await runFor(postgres(sql), 5000);
  expect(asked).toEqual(["SELECT 1"]);
});
