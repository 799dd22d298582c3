import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";
import { readOf } from "../driver.ts";

/** Clauses 1, 2, 3 and 11: what `apply` promises. */
export const accepting: readonly ClauseTest[] = [
  {
    clause: 1,
    name: "a table is accepted while a part of the data plane is deaf, and in force only later",
    async run(driver) {
      await driver.serving(1, 1);
      const before = await driver.routeView();
      await driver.subject.hold();
      const generation = await driver.handOver({ kind: "byReplica", revisions: [1] });
      const held = await driver.routeView();
      expect(held).toMatchObject({ accepted: generation, inForce: before.inForce });
      expect(held.lagging).not.toEqual([]);
      await driver.subject.letGo();
      await driver.inForce(generation);
      await driver.subject.until("nobody lags behind", async () => {
        return (await driver.routeView()).lagging.length === 0;
      });
    },
  },
  {
    clause: 1,
    name: "a level is accepted before any of its replicas is ready",
    async run(driver) {
      await driver.subject.revision(1, { neverReady: true });
      await driver.scale(1, 2);
      expect(await driver.kept(1)).toMatchObject({ level: 2, exits: 0, lastExit: null });
      expect(await driver.idsOf(1)).toEqual([]);
    },
  },
  {
    clause: 1,
    name: "what was accepted is there after a restart, were the engine killed the moment it said so",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.scale(1, 2);
      const generation = await driver.handOver({ kind: "byReplica", revisions: [1] });
      await driver.subject.restart();
      expect(await driver.kept(1)).toMatchObject({ level: 2 });
      expect(await driver.routeView()).toMatchObject({ accepted: generation });
      await driver.ready(1, 2);
    },
  },
  {
    clause: 1,
    name: "a mutation whose answer was lost can be applied again",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.scale(1, 2);
      await driver.subject.restart();
      await driver.scale(1, 2);
      const ids = await driver.ready(1, 2);
      await driver.scale(1, 0);
      await driver.gone(1);
      await driver.collect(1);
      await driver.subject.restart();
      await driver.collect(1);
      expect(ids).toHaveLength(2);
      expect(await driver.kept(1)).toBeUndefined();
    },
  },
  {
    clause: 2,
    name: "tokens never shrink, not even over a restart",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.subject.revision(2);
      const tokens = [await driver.scale(1, 1), await driver.scale(2, 1)];
      await driver.subject.restart();
      tokens.push(await driver.scale(1, 2), await driver.scale(1, 2), await driver.scale(2, 0));
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
      const [first = 0, second = 0] = tokens;
      expect(second).toBeGreaterThan(first);
      expect(tokens.at(-1)).toBeGreaterThan(second);
    },
  },
  {
    clause: 2,
    name: "an observation as of a token contains its mutation, in every part",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.subject.revision(2);
      for (const level of [1, 3, 2, 0]) {
        const token = await driver.scale(1, level);
        await driver.subject.until(`a view as of token ${token}`, async () => {
          const { replicas, revisions, route } = await driver.look();
          const parts = [replicas, revisions, route];
          if (parts.some((part) => part.kind === "unknown" || part.asOf < token)) return false;
          expect(readOf(revisions)).toContainEqual(expect.objectContaining({ revision: 1, level }));
          const own = readOf(replicas).filter((r) => r.revision === 1);
          expect(own.filter((r) => r.state !== "draining")).toHaveLength(level);
          return true;
        });
      }
      const generation = await driver.handOver({ kind: "byReplica", revisions: [2] });
      const token = await driver.scale(2, 1);
      const { route } = await driver.look();
      if (route.kind === "known" && route.asOf >= token) {
        expect(route.value.accepted).toBe(generation);
      }
      await driver.inForce(generation);
    },
  },
  {
    clause: 3,
    name: "a level that is declared already touches no replica",
    async run(driver) {
      await driver.running(1, 2);
      const before = (await driver.replicas(1)).map((r) => [r.id, r.process, r.starts]);
      await driver.scale(1, 2);
      await driver.subject.restart();
      await driver.scale(1, 2);
      await driver.ready(1, 2);
      const after = (await driver.replicas(1)).map((r) => [r.id, r.process, r.starts]);
      expect(after.sort()).toEqual(before.sort());
    },
  },
  {
    clause: 3,
    name: "a table that is not newer than the accepted one changes nothing",
    async run(driver) {
      await driver.serving(1, 1);
      await driver.running(2, 1);
      const generation = await driver.route(2);
      const late = { kind: "byReplica", revisions: [1] } as const;
      for (const old of [generation, generation - 1]) {
        await driver.apply({ kind: "route", table: { generation: old, rule: late } });
      }
      expect(await driver.routeView()).toMatchObject({ accepted: generation });
      const [two = ""] = await driver.idsOf(2);
      for (let n = 0; n < 10; n += 1) expect(await driver.subject.ask()).toBe(two);
      await driver.subject.restart();
      expect(await driver.routeView()).toMatchObject({ accepted: generation });
      await driver.route(1);
      await driver.met(await driver.idsOf(1));
    },
  },
  {
    clause: 11,
    name: "mutations made at once are all accepted, each as of its own token",
    async run(driver) {
      await driver.subject.revision(1);
      await driver.subject.revision(2);
      await driver.subject.revision(3);
      await driver.scale(3, 0);
      const rule = { kind: "byReplica", revisions: [1, 2] } as const;
      const made = await Promise.all([
        driver.scale(1, 2),
        driver.collect(3),
        driver.scale(2, 1),
        driver.handOver(rule),
      ]);
      const { revisions } = await driver.look();
      expect(revisions.kind === "known" && revisions.asOf).toBeGreaterThanOrEqual(
        Math.max(made[0], made[1], made[2]),
      );
      expect(await driver.kept(3)).toBeUndefined();
      await driver.ready(1, 2);
      await driver.ready(2, 1);
      await driver.inForce(made[3]);
      await driver.met([...(await driver.idsOf(1)), ...(await driver.idsOf(2))]);
    },
  },
  {
    clause: 11,
    name: "of levels declared one after the other, without waiting, the last one holds",
    async run(driver) {
      await driver.subject.revision(1);
      const levels = [3, 1, 4, 0, 2];
      await Promise.all(levels.map((level) => driver.scale(1, level)));
      expect(await driver.kept(1)).toMatchObject({ level: 2 });
      await driver.ready(1, 2);
    },
  },
];
