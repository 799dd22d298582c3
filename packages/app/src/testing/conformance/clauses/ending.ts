import { deepEqual, equal, ok } from "node:assert/strict";
import type { Bench } from "../bench.ts";
import type { Clause } from "../clause.ts";
import type { Asked } from "../clients/connection.ts";

const never = () => new Promise(() => {});

export const ending: readonly Clause[] = [
  {
    name: "cuts what hangs when the budget is over, answers it 503, and names its route",
    options: () => ({ drain: { timeoutMs: 150 } }),
    async run(bench) {
      const held = await beginHeld(bench);
      const { hung, cut, exitCode } = await bench.shutdown();
      deepEqual({ cut, exitCode }, { cut: 1, exitCode: 1 });
      deepEqual(
        hung.map(({ method, route }) => `${method} ${route}`),
        [`GET ${bench.subject.heldRoute}`],
      );
      equal((await held.answered).status, 503);
    },
  },
  {
    name: "ends the framework behind the last answer, then runs its hooks in order",
    options: (log) => ({
      onShutdown: [
        { name: "first", run: () => log.push("first") },
        { name: "second", run: () => log.push("second") },
      ],
    }),
    async run(bench) {
      const held = await beginHeld(bench);
      const ended = bench.shutdown();
      await bench.refused();
      bench.scene.released.give();
      equal((await held.answered).status, 200);
      const { hooks, exitCode } = await ended;
      const { closesIn } = bench.subject;
      const own = closesIn === null ? [] : ["closed"];
      deepEqual(bench.scene.log, ["answered", ...own, "first", "second"]);
      const names = [...(closesIn === null ? [] : [closesIn]), "first", "second"];
      deepEqual(
        hooks.map(({ name, outcome }) => `${name} ${outcome}`),
        names.map((name) => `${name} done`),
      );
      equal(exitCode, 0);
    },
  },
  {
    name: "runs every hook though one fails and one runs over its budget, and exits with 1",
    options: (log) => ({
      onShutdown: [
        { name: "fails", run: () => Promise.reject(new Error("no")) },
        { name: "hangs", timeoutMs: 50, run: never },
        { name: "last", run: () => log.push("last") },
      ],
    }),
    async run(bench) {
      const { hooks, cut, exitCode } = await bench.shutdown();
      deepEqual(
        hooks.slice(-3).map(({ name, outcome }) => `${name} ${outcome}`),
        ["fails failed", "hangs timedOut", "last done"],
      );
      equal(bench.scene.log.at(-1), "last");
      deepEqual({ cut, exitCode }, { cut: 0, exitCode: 1 });
    },
  },
  {
    name: "drains once, however often it is asked to",
    options: (log) => ({ onShutdown: [{ name: "once", run: () => log.push("once") }] }),
    async run(bench) {
      const [first, second] = await Promise.all([bench.shutdown(), bench.shutdown()]);
      ok(first === second && second === (await bench.shutdown()));
      equal(bench.scene.log.filter((line) => line === "once").length, 1);
      equal(bench.scene.log.filter((line) => line === "closed").length <= 1, true);
    },
  },
  {
    name: "waits for background work, and tells it that the drain has begun",
    async run(bench) {
      const { service, scene } = bench;
      const job = service.work("job", async () => {
        await scene.released.given;
        scene.log.push("worked");
      });
      service.draining.addEventListener("abort", scene.released.give);
      const { inFlight, finished, cut } = await bench.shutdown();
      await job;
      deepEqual({ inFlight, finished, cut }, { inFlight: 1, finished: 1, cut: 0 });
      equal(scene.log[0], "worked");
    },
  },
];

async function beginHeld(bench: Bench): Promise<Asked> {
  const held = (await bench.connect()).begin("GET", "/held/7");
  held.sending.end();
  await bench.scene.arrived.given;
  return held;
}
