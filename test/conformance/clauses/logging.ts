import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";

/** Clause 14: what replicas wrote. Every replica of a subject says `start N` when it starts. */
export const logging: readonly ClauseTest[] = [
  {
    clause: 14,
    name: "lines of a replica come in the order in which they were written, earlier starts first",
    async run(driver) {
      const [id = ""] = await driver.running(1, 1);
      await driver.subject.kill(id);
      await driver.exits(1, 1);
      await driver.ready(1, 1);
      await driver.subject.until("two starts are told", async () => {
        return (await started(driver.lines())).length === 2;
      });
      const lines = await driver.lines();
      expect(lines.filter((line) => line.includes("start "))).toEqual([
        `${id} start 1`,
        `${id} start 2`,
      ]);
    },
  },
  {
    clause: 14,
    name: "a query picks by revision and by replica, and its tail gives the last lines of each replica",
    async run(driver) {
      const [first = "", second = ""] = await driver.running(1, 2);
      const [other = ""] = await driver.running(2, 1);
      expect(await started(driver.lines({ replica: first }))).toEqual([`${first} start 1`]);
      expect(await started(driver.lines({ revision: 2 }))).toEqual([`${other} start 1`]);
      const all = await started(driver.lines());
      expect([...all].sort()).toEqual([first, second, other].map((id) => `${id} start 1`).sort());
      const lines = await driver.lines({ replica: first });
      expect(await driver.lines({ replica: first, tail: 1 })).toEqual(lines.slice(-1));
      expect(await driver.lines({ tail: 1 })).toHaveLength(3);
      expect(await driver.lines({ tail: 0 })).toEqual([]);
      expect(await driver.lines({ tail: 1_000 })).toHaveLength((await driver.lines()).length);
      expect(await driver.lines({ revision: 9 })).toEqual([]);
    },
  },
  {
    clause: 14,
    name: "what is gone can still be read, and what was written before `since` is left out",
    async run(driver) {
      const [old = ""] = await driver.running(1, 1);
      await driver.scale(1, 0);
      await driver.gone(1);
      expect(await started(driver.lines({ replica: old }))).toEqual([`${old} start 1`]);
      const since = driver.subject.now() + 1;
      await driver.subject.until("that instant is past", () => driver.subject.now() > since);
      const [fresh = ""] = await driver.running(2, 1);
      expect(await started(driver.lines({ since }))).toEqual([`${fresh} start 1`]);
    },
  },
  {
    clause: 14,
    name: "following gives what comes later, also of replicas that come later, until it is aborted",
    async run(driver) {
      const [first = ""] = await driver.running(1, 1);
      const stop = new AbortController();
      const query = { revision: null, replica: null, since: null, tail: null, follow: true };
      const seen: string[] = [];
      const following = (async () => {
        for await (const { replica, text } of driver.subject.engine.logs(query, stop.signal)) {
          if (text.startsWith("start ")) seen.push(`${replica} ${text}`);
        }
      })();
      await driver.subject.until("what was there is told", () => seen.length === 1);
      await driver.scale(1, 2);
      await driver.ready(1, 2);
      await driver.subject.until("the new one is told", () => seen.length === 2);
      await driver.subject.kill(first);
      await driver.subject.until("its second start is told", () => seen.length === 3);
      const [, second = ""] = (await driver.idsOf(1)).filter((id) => id !== first).concat("");
      expect(second).toBe("");
      expect(seen[0]).toBe(`${first} start 1`);
      expect(seen[2]).toBe(`${first} start 2`);
      stop.abort();
      await following;
    },
  },
];

async function started(lines: Promise<readonly string[]>): Promise<readonly string[]> {
  return (await lines).filter((line) => line.includes(" start "));
}
