import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as after } from "node:timers/promises";
import type { Clause } from "../clause.ts";

const never = () => new Promise(() => {});

export const probing: readonly Clause[] = [
  {
    name: "answers its probes before the application, and leaves the rest to it",
    async run(bench) {
      for (const path of ["/startup", "/health", "/ready?verbose"]) {
        equal(await bench.status(path), 200, path);
      }
      const root = await bench.get("/");
      deepEqual([root.status, root.body], [200, "hello"]);
      equal(await bench.status("/no-such-route"), 404);
    },
  },
  {
    name: "answers them on the paths that were set, with 500 where that was asked for",
    options: () => ({
      paths: { startup: "/up", health: "/health/live", ready: "/health/ready" },
      notReadyStatus: 500,
      startup: { never },
    }),
    async run(bench) {
      equal(await bench.status("/up"), 500);
      equal(await bench.status("/health/ready"), 500);
      equal(await bench.status("/health/live"), 200);
      equal(await bench.status("/ready"), 404);
    },
  },
  {
    name: "is alive, but neither started nor ready, until its startup tasks are over",
    options: () => ({ startup: { migrate: () => after(100) } }),
    async run(bench) {
      const first = await bench.get("/startup");
      if (first.status === 503) deepEqual(JSON.parse(first.body).waitingFor, ["migrate"]);
      equal(await bench.status("/health"), 200);
      while ((await bench.status("/startup")) === 503) await after(10);
      equal(await bench.status("/ready"), 200);
    },
  },
  {
    name: "is not ready, but alive, while a critical check fails, and names it",
    options: () => ({
      checks: {
        db: () => Promise.reject(new Error("no route to host")),
        mail: { critical: false, run: () => Promise.reject(new Error("no")) },
      },
    }),
    async run(bench) {
      const ready = await bench.get("/ready");
      equal(ready.status, 503);
      deepEqual(JSON.parse(ready.body).failing, ["db"]);
      equal(await bench.status("/health"), 200);
      equal(await bench.status("/"), 200);
    },
  },
  {
    name: "serves what listened already when it was served",
    listensFirst: true,
    async run(bench) {
      equal(await bench.status("/ready"), 200);
      equal((await bench.get("/")).body, "hello");
      equal((await bench.shutdown()).exitCode, 0);
    },
  },
];
