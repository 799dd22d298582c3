import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ChangeSignal } from "./signal.ts";

test("tells every waiter, and merges changes that nobody waited for", async () => {
  const signal = new ChangeSignal();
  const stop = new AbortController();
  const one = signal.changes(stop.signal);
  const two = signal.changes(stop.signal);
  const both = Promise.all([one.next(), two.next()]);
  signal.notify();
  expect((await both).map((r) => r.done)).toEqual([false, false]);
  signal.notify();
  signal.notify();
  await one.next();
  let again = false;
  const third = one.next().then(() => {
    again = true;
  });
  await turn();
  expect(again).toBe(false);
  signal.notify();
  await third;
  stop.abort();
});

test("the last change is never lost, however slow the one who listens is", async () => {
  const signal = new ChangeSignal();
  const stop = new AbortController();
  let value = 0;
  let seen = -1;
  const listening = (async () => {
    for await (const _ of signal.changes(stop.signal)) {
      const read = value;
      if (read % 3 === 0) await turn();
      seen = read;
    }
  })();
  for (let n = 1; n <= 300; n += 1) {
    value = n;
    signal.notify();
    if (n % 7 === 0) await turn();
    if (n % 11 === 0) await Promise.resolve();
  }
  for (let n = 0; n < 10; n += 1) await turn();
  expect(seen).toBe(300);
  stop.abort();
  await listening;
});

test("ends when called off, before or while it waits, and leaves no listener", async () => {
  const signal = new ChangeSignal();
  const stop = new AbortController();
  const waits = signal.changes(stop.signal).next();
  stop.abort();
  expect(await waits).toEqual({ done: true, value: undefined });
  expect((await signal.changes(stop.signal).next()).done).toBe(true);
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
});
