import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";

/** Clauses 4, 10 and 13: the levels that an engine keeps, and what goes wrong with replicas. */
export const levels: readonly ClauseTest[] = [
  {
    clause: 4,
    name: "a replica that is killed is replaced by another process, the others are left alone",
    async run(driver) {
      const [victim = "", ...others] = await driver.running(1, 3);
      const before = await driver.replicas(1);
      await driver.subject.kill(victim);
      await driver.exits(1, 1);
      await driver.ready(1, 3);
      const after = await driver.replicas(1);
      const processes = before.map((r) => r.process);
      const renewed = after.filter((r) => !processes.includes(r.process));
      expect(renewed).toHaveLength(1);
      expect(after.map((r) => r.id)).toEqual(expect.arrayContaining([...others]));
      expect(await driver.kept(1)).toMatchObject({ level: 3, exits: 1 });
    },
  },
  {
    clause: 4,
    name: "one that crashes is started again and again, each time after a longer wait",
    async run(driver) {
      await driver.subject.revision(1, { neverReady: true, crashAfterMs: 30 });
      await driver.scale(1, 1);
      const waits: number[] = [];
      for (const exits of [1, 2]) {
        await driver.exits(1, exits);
        await driver.subject.until("it waits for its next start", async () => {
          const [replica] = await driver.replicas(1);
          if (replica?.state !== "failed" || replica.starts < exits) return false;
          const { restartAt, lastExit } = replica;
          if (restartAt === null || lastExit === null) return false;
          waits.push(restartAt - lastExit.at);
          return true;
        });
      }
      const [first = 0, second = 0] = waits;
      expect(first).toBeGreaterThanOrEqual(900);
      expect(second).toBeGreaterThan(first + 500);
      expect(await driver.kept(1)).toMatchObject({ level: 1 });
    },
  },
  {
    clause: 4,
    name: "it gives up those that are not ready first",
    async run(driver) {
      const ids = await driver.running(1, 3);
      const [first = ""] = ids;
      await driver.subject.stall(first);
      await driver.subject.until("it is not ready any more", async () => {
        return (await driver.replica(first))?.state === "starting";
      });
      await driver.scale(1, 2);
      const left = await driver.ready(1, 2);
      expect([...left].sort()).toEqual(ids.filter((id) => id !== first).sort());
    },
  },
  {
    clause: 4,
    name: "then those that have been ready for the shortest time",
    async run(driver) {
      const [oldest = ""] = await driver.running(1, 1);
      await driver.scale(1, 2);
      const [, ...younger] = await driver.ready(1, 2);
      await driver.scale(1, 3);
      await driver.ready(1, 3);
      await driver.scale(1, 1);
      expect(younger).not.toContain(oldest);
      expect(await driver.ready(1, 1)).toEqual([oldest]);
    },
  },
  {
    clause: 4,
    name: "replicas that drain are no part of the level: it is filled beside them",
    async run(driver) {
      const before = await driver.running(1, 2, { stopMs: 1500 });
      await driver.scale(1, 0);
      expect(await driver.idsOf(1, "draining")).toHaveLength(2);
      await driver.scale(1, 1);
      await driver.subject.until("a new one is ready beside them", async () => {
        return (await driver.idsOf(1)).length === 1;
      });
      expect(await driver.idsOf(1, "draining")).toHaveLength(2);
      const [fresh] = await driver.ready(1, 1);
      expect(before).not.toContain(fresh);
      expect(await driver.kept(1)).toMatchObject({ level: 1, exits: 0 });
    },
  },
  {
    clause: 4,
    name: "one that is not ready any more is kept, and taken back when it is",
    async run(driver) {
      const [first = "", second = ""] = await driver.serving(1, 2);
      const before = (await driver.replica(first))?.process;
      await driver.subject.stall(first);
      await driver.subject.until("it is out of service", async () => {
        const view = await driver.replica(first);
        return view?.state === "starting" && view.readySince === null && !view.routed;
      });
      for (let n = 0; n < 6; n += 1) expect(await driver.subject.ask()).toBe(second);
      await driver.subject.recover(first);
      await driver.ready(1, 2);
      await driver.met([first]);
      expect((await driver.replica(first))?.process).toBe(before);
      expect(await driver.kept(1)).toMatchObject({ exits: 0 });
    },
  },
  {
    clause: 10,
    name: "exits are counted as they happen and never forgotten, not by scaling nor by a restart",
    async run(driver) {
      const [victim = ""] = await driver.running(1, 1);
      await driver.subject.kill(victim);
      await driver.exits(1, 1);
      await driver.ready(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      expect(await driver.kept(1)).toMatchObject({ level: 0, exits: 1 });
      await driver.subject.restart();
      expect(await driver.kept(1)).toMatchObject({ level: 0, exits: 1 });
      const [again = ""] = await driver.scale(1, 1).then(() => driver.ready(1, 1));
      await driver.subject.kill(again);
      await driver.exits(1, 2);
      expect((await driver.kept(1))?.lastExit).not.toBeNull();
    },
  },
  {
    clause: 10,
    name: "an end that was asked for is no exit",
    async run(driver) {
      await driver.running(1, 3);
      await driver.scale(1, 1);
      await driver.ready(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      expect(await driver.kept(1)).toMatchObject({ level: 0, exits: 0, lastExit: null });
    },
  },
  {
    clause: 10,
    name: "one that ended while no engine watched is counted when the next one looks",
    async run(driver) {
      const [victim = "", other] = await driver.running(1, 2);
      await driver.subject.restart(() => driver.subject.kill(victim));
      await driver.exits(1, 1);
      expect(await driver.ready(1, 2)).toContain(other);
      expect(await driver.kept(1)).toMatchObject({ level: 2, exits: 1 });
    },
  },
  {
    clause: 10,
    name: "what cannot be started counts as well",
    async run(driver) {
      // A revision that nobody made, as one that was collected is.
      await driver.scale(7, 1);
      await driver.exits(7, 1);
      expect((await driver.kept(7))?.lastExit).toMatchObject({ kind: "notStarted" });
      expect(await driver.idsOf(7)).toEqual([]);
      await driver.scale(7, 0);
      await driver.gone(7);
    },
  },
  {
    clause: 12,
    name: "the next engine keeps the levels, with the same processes",
    async run(driver) {
      const ids = await driver.serving(1, 2);
      await driver.running(2, 1);
      const before = (await driver.replicas()).map((r) => [r.id, r.process, r.starts]);
      await driver.subject.restart(() => driver.met(ids));
      await driver.ready(1, 2);
      await driver.ready(2, 1);
      const after = (await driver.replicas()).map((r) => [r.id, r.process, r.starts]);
      expect(after.sort()).toEqual(before.sort());
      await driver.met(await driver.idsOf(1));
    },
  },
  {
    clause: 12,
    name: "one that drained when the engine died drains on and is not taken back",
    async run(driver) {
      const [old = ""] = await driver.serving(1, 1, { stopMs: 1500 });
      await driver.running(2, 1);
      await driver.route(2);
      await driver.scale(1, 0);
      await driver.subject.restart();
      await driver.scale(1, 1);
      const [fresh] = await driver.ready(1, 1);
      expect(fresh).not.toBe(old);
      expect(await driver.replica(old)).toBeUndefined();
    },
  },
  {
    clause: 13,
    name: "where room is bounded, a level beyond it stays declared and is met when there is room",
    async run(driver) {
      const { limit } = driver.subject;
      const { capacity } = await driver.look();
      expect(capacity).toMatchObject({ kind: "known", value: { fits: true } });
      if (limit === null) return;
      limit(2);
      await driver.subject.revision(1);
      await driver.scale(1, 3);
      await driver.ready(1, 2);
      const full = await driver.look();
      expect(full.capacity).toMatchObject({ value: { fits: false, detail: /\S/ } });
      expect(await driver.kept(1)).toMatchObject({ level: 3 });
      limit(null);
      await driver.ready(1, 3);
    },
  },
];
