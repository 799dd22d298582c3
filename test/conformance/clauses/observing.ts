import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";
import { type Driver, readOf } from "../driver.ts";

/** Clauses 6, 7, 8 and 9: what can be seen, and who hears of it. */
export const observing: readonly ClauseTest[] = [
  {
    clause: 6,
    name: "a part that cannot be read is unknown, since when and why; the others are told",
    async run(driver) {
      await driver.serving(1, 1);
      await driver.subject.hold();
      const before = driver.subject.now();
      await driver.subject.until("the count of requests is unknown", async () => {
        return (await driver.look()).requests.kind === "unknown";
      });
      const { requests, replicas, revisions } = await driver.look();
      expect(requests).toMatchObject({ kind: "unknown", reason: /\S/ });
      // Unknown is not zero, there neither.
      expect(readOf(replicas)[0]).toMatchObject({ state: "ready", inFlight: null });
      expect(readOf(revisions)).toHaveLength(1);
      const again = await driver.look();
      expect(again.requests).toMatchObject({ kind: "unknown", since: sinceOf(requests) });
      expect(sinceOf(requests)).toBeLessThanOrEqual(driver.subject.now());
      expect(sinceOf(requests)).toBeGreaterThanOrEqual(before - 1000);
      await driver.subject.letGo();
      await driver.subject.until("it is known again", async () => {
        return (await driver.look()).requests.kind === "known";
      });
    },
  },
  {
    clause: 7,
    name: "who looks only when told sees every change of replicas, levels, exits and routes",
    async run(driver) {
      await driver.subject.revision(1);
      const stop = new AbortController();
      const watcher = watch(driver, stop.signal);
      await driver.scale(1, 2);
      await watcher.sees("two ready", (seen) => seen.ready === 2 && seen.level === 2);
      const generation = await driver.handOver({ kind: "byReplica", revisions: [1] });
      await watcher.sees("the route in force", (seen) => seen.inForce === generation);
      const [victim = ""] = await driver.idsOf(1);
      await driver.subject.kill(victim);
      await watcher.sees("an exit", (seen) => seen.exits === 1);
      await watcher.sees("ready again", (seen) => seen.ready === 2);
      const [stalled = ""] = await driver.idsOf(1);
      await driver.subject.stall(stalled);
      await watcher.sees("unready", (seen) => seen.ready === 1);
      await driver.subject.recover(stalled);
      await watcher.sees("ready once more", (seen) => seen.ready === 2);
      await driver.scale(1, 0);
      await watcher.sees("gone", (seen) => seen.replicas === 0);
      stop.abort();
      await watcher.over;
    },
  },
  {
    clause: 7,
    name: "everyone who listens hears of it, and what is aborted ends without an error",
    async run(driver) {
      await driver.subject.revision(1);
      const stop = new AbortController();
      const heard = [0, 1].map(async () => {
        let changes = 0;
        for await (const _ of driver.subject.engine.changes(stop.signal)) changes += 1;
        return changes;
      });
      await driver.scale(1, 1);
      await driver.ready(1, 1);
      stop.abort();
      for (const changes of await Promise.all(heard)) expect(changes).toBeGreaterThan(0);
      const aborted = driver.subject.engine.changes(stop.signal)[Symbol.asyncIterator]();
      expect(await aborted.next()).toMatchObject({ done: true });
    },
  },
  {
    clause: 7,
    name: "what changed while a listener was busy is told when it asks again",
    async run(driver) {
      await driver.subject.revision(1);
      const stop = new AbortController();
      const changes = driver.subject.engine.changes(stop.signal)[Symbol.asyncIterator]();
      const first = changes.next();
      await driver.scale(1, 1);
      expect(await first).toMatchObject({ done: false });
      // Nobody waits now.
      await driver.ready(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      expect(await changes.next()).toMatchObject({ done: false });
      stop.abort();
    },
  },
  {
    clause: 8,
    name: "what an engine sees after its start contains what its predecessor died over",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.subject.revision(2);
      await driver.scale(1, 1);
      for (const level of [2, 3]) {
        // The answer is lost with the one who asked.
        void driver.scale(1, level);
        await driver.scale(2, level);
        await driver.subject.restart();
        expect(await driver.kept(1)).toMatchObject({ level });
        const { replicas } = await driver.look();
        const own = readOf(replicas).filter((r) => r.revision === 1 && r.state !== "draining");
        expect(own).toHaveLength(level);
      }
    },
  },
  {
    clause: 9,
    name: "a collected revision is in no view any more, also after a restart",
    async run(driver) {
      await driver.serving(2, 1);
      await driver.running(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      await driver.collect(1);
      for (const restarted of [false, true]) {
        if (restarted) await driver.subject.restart();
        const { replicas, revisions } = await driver.look();
        expect(readOf(revisions).map((r) => r.revision)).toEqual([2]);
        expect(readOf(replicas).map((r) => r.revision)).toEqual([2]);
      }
    },
  },
  {
    clause: 9,
    name: "a revision with a level or a replica is not collected: it is refused and nothing changes",
    async run(driver) {
      await driver.running(1, 1, { stopMs: 700 });
      await expect(driver.collect(1)).rejects.toMatchObject({ code: "REFUSED" });
      expect(await driver.ready(1, 1)).toHaveLength(1);
      await driver.scale(1, 0);
      expect(await driver.idsOf(1, "draining")).toHaveLength(1);
      await expect(driver.collect(1)).rejects.toMatchObject({ code: "REFUSED" });
      expect(await driver.kept(1)).toMatchObject({ level: 0 });
      await driver.gone(1);
      await driver.collect(1);
      expect(await driver.kept(1)).toBeUndefined();
    },
  },
  {
    clause: 9,
    name: "one that was collected cannot be brought back: its starts fail and are counted",
    async run(driver) {
      await driver.running(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      await driver.collect(1);
      await driver.scale(1, 1);
      await driver.exits(1, 1);
      expect(await driver.idsOf(1)).toEqual([]);
      await driver.scale(1, 0);
      await driver.gone(1);
      await driver.collect(1);
      expect(await driver.kept(1)).toBeUndefined();
    },
  },
];

interface Seen {
  readonly level: number;
  readonly exits: number;
  readonly replicas: number;
  readonly ready: number;
  readonly inForce: number;
}

/** Looks once at the start and then only when told of a change. */
function watch(driver: Driver, signal: AbortSignal) {
  let last: Seen | null = null;
  const look = async () => {
    const { revisions, replicas, route } = await driver.look();
    const kept = readOf(revisions).find((r) => r.revision === 1);
    const states = readOf(replicas).map((r) => r.state);
    last = {
      level: kept?.level ?? 0,
      exits: kept?.exits ?? 0,
      replicas: states.length,
      ready: states.filter((state) => state === "ready").length,
      inForce: readOf(route).inForce,
    };
  };
  const over = (async () => {
    for await (const _ of driver.subject.engine.changes(signal)) await look();
  })();
  return {
    over,
    sees: (what: string, holds: (seen: Seen) => boolean): Promise<void> =>
      driver.subject.until(`the listener sees: ${what}`, () => last !== null && holds(last)),
  };
}

function sinceOf(part: { readonly kind: string; readonly since?: number }): number {
  return part.since ?? Number.NaN;
}
