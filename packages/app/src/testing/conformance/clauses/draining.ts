import { deepEqual, equal, ok } from "node:assert/strict";
import { type Bench, budgetMs } from "../bench.ts";
import type { Clause } from "../clause.ts";
import { ask, type Connection } from "../clients/connection.ts";

/** Connections that were there before are served until they have lingered for so long, or have been used. */
const options = () => ({ drain: { lingerMs: budgetMs } });

const told = { status: 200, body: "hello", isTold: true };

const isHttp1 = ({ protocol }: { protocol: string }) => protocol === "http1";

export const draining: readonly Clause[] = [
  {
    name: "goes on serving, and asks each client to leave",
    options,
    async run(bench) {
      const kept = await warm(bench);
      const ended = bench.shutdown();
      deepEqual(await ask(kept, "/"), told);
      kept.close();
      equal((await ended).exitCode, 0);
    },
  },
  {
    name: "is not ready from the signal on, but alive",
    options,
    async run(bench) {
      const [ready, health] = [await warm(bench), await warm(bench)];
      const ended = bench.shutdown();
      const answer = await ask(ready, "/ready");
      deepEqual([answer.status, JSON.parse(answer.body).status], [503, "draining"]);
      equal((await ask(health, "/health")).status, 200);
      for (const each of [ready, health]) each.close();
      await ended;
    },
  },
  {
    name: "stays ready where it shall hold",
    options: () => ({ drain: { lingerMs: budgetMs, readiness: "hold" } }),
    async run(bench) {
      const ready = await warm(bench);
      const ended = bench.shutdown();
      const { status, body } = await ask(ready, "/ready");
      deepEqual([status, JSON.parse(body).status], [200, "draining"]);
      ready.close();
      await ended;
    },
  },
  {
    name: "asks clients to leave with answers that are under way, too",
    async run(bench) {
      const held = (await bench.connect()).begin("GET", "/held/7");
      held.sending.end();
      await bench.scene.arrived.given;
      const ended = bench.shutdown();
      bench.scene.released.give();
      const { status, body, isTold } = await held.answered;
      deepEqual([status, body, isTold], [200, "held", true]);
      const { finished, cut, exitCode } = await ended;
      deepEqual({ finished, cut, exitCode }, { finished: 1, cut: 0, exitCode: 0 });
    },
  },
  {
    name: "asks them to leave when the application says keep-alive, or throws",
    appliesTo: isHttp1,
    options,
    async run(bench) {
      const [keeps, fails] = [await warm(bench), await warm(bench)];
      equal((await ask(keeps, "/keeps")).isTold, false);
      const ended = bench.shutdown();
      const kept = await ask(keeps, "/keeps");
      deepEqual([kept.status, kept.isTold], [200, true]);
      const failed = await ask(fails, "/fails");
      deepEqual([failed.status, failed.isTold], [500, true]);
      await ended;
    },
  },
  {
    name: "finishes a POST whose body comes after the listener has closed",
    async run(bench) {
      const posted = (await bench.connect()).begin("POST", "/echo");
      posted.sending.write('{"order":');
      await served(bench);
      const ended = bench.shutdown();
      await bench.refused();
      posted.sending.end("7}");
      const { status, body } = await posted.answered;
      ok(status < 300, `${status}`);
      deepEqual(JSON.parse(body), { order: 7 });
      equal((await ended).cut, 0);
    },
  },
  {
    name: "finishes a slow answer after the listener has closed",
    async run(bench) {
      const held = (await bench.connect()).begin("GET", "/held/7");
      held.sending.end();
      await bench.scene.arrived.given;
      const ended = bench.shutdown();
      await bench.refused();
      bench.scene.released.give();
      equal((await held.answered).body, "held");
      equal((await ended).exitCode, 0);
    },
  },
  {
    name: "does not wait for a client that left",
    async run(bench) {
      const held = (await bench.connect()).begin("GET", "/held/7");
      held.sending.end();
      await bench.scene.arrived.given;
      held.abort();
      await served(bench);
      const { cut, seconds } = await bench.shutdown();
      equal(cut, 0);
      ok(seconds.requests < 5, `${seconds.requests} s`);
    },
  },
];

/** Open, and used once. */
async function warm(bench: Bench): Promise<Connection> {
  const connection = await bench.connect();
  equal((await ask(connection, "/")).isTold, false);
  return connection;
}

/** A round trip on another connection: what was sent before on this one has arrived. */
async function served(bench: Bench): Promise<void> {
  equal((await bench.get("/")).status, 200);
}
