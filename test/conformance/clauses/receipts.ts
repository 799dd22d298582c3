import { type DrainTotals, drainsBetween } from "@hitless/core";
import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";
import { type Driver, readOf } from "../driver.ts";

export const receipts: readonly ClauseTest[] = [
  {
    clause: 20,
    name: "a replica that is in no view any more is in the sums of what replicas left, once",
    async run(driver) {
      const before = readOf((await driver.look()).drains);
      await driver.serving(1, 3);
      await driver.scale(1, 2);
      await driver.ready(1, 2);
      expect(await since(driver, before)).toMatchObject({ receipts: 1, finished: 1, cut: 0 });
      await driver.subject.restart();
      await driver.scale(1, 0);
      await driver.gone(1);
      for (const restarted of [false, true]) {
        if (restarted) await driver.subject.restart();
        expect(await since(driver, before)).toMatchObject({ receipts: 3, finished: 3, cut: 0 });
      }
    },
  },
  {
    clause: 20,
    name: "one that was killed leaves none",
    async run(driver) {
      const [victim = ""] = await driver.serving(1, 1);
      const before = readOf((await driver.look()).drains);
      await driver.subject.kill(victim);
      await driver.exits(1, 1);
      await driver.ready(1, 1);
      expect(await since(driver, before)).toMatchObject({ receipts: 0, finished: 0 });
    },
  },
];

async function since(driver: Driver, before: DrainTotals) {
  return drainsBetween(before, readOf((await driver.look()).drains));
}
