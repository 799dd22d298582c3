import { type RevisionCounts, trafficBetween } from "@hitless/core";
import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";
import { type Driver, readOf } from "../driver.ts";

/** Clauses 5 and 15 to 17: who gets requests, and what becomes of them. */
export const routing: readonly ClauseTest[] = [
  {
    clause: 5,
    name: "a replica gets no request before it is ready",
    async run(driver) {
      const [first = ""] = await driver.serving(1, 1);
      await driver.running(2, 1, { readyAfterMs: 600 }).then(() => driver.scale(2, 0));
      await driver.gone(2);
      await driver.route(1, 2);
      await driver.scale(2, 1);
      let early = 0;
      await driver.subject.until("the new one answered", async () => {
        const answered = await driver.subject.ask();
        if (answered === first) {
          early += 1;
          return false;
        }
        const view = (await driver.replicas(2)).find((r) => r.id === answered);
        expect(view).toMatchObject({ routed: true });
        await driver.ready(2, 1);
        return true;
      });
      expect(early).toBeGreaterThan(0);
    },
  },
  {
    clause: 5,
    name: "one that is never ready never gets one",
    async run(driver) {
      const [first = ""] = await driver.serving(1, 1);
      await driver.subject.revision(2, { neverReady: true });
      await driver.route(1, 2);
      await driver.scale(2, 1);
      await driver.subject.until("its probe was asked", async () => {
        const [view] = await driver.replicas(2);
        return view?.lastProbe?.ok === false;
      });
      for (let n = 0; n < 20; n += 1) expect(await driver.subject.ask()).toBe(first);
      const [view] = await driver.replicas(2);
      expect(view).toMatchObject({ state: "starting", routed: false, readySince: null });
    },
  },
  {
    clause: 5,
    name: "one that began to drain gets none once it is not routed any more",
    async run(driver) {
      await driver.serving(1, 2, { stopMs: 1000 });
      await driver.scale(1, 1);
      const [leaving = ""] = await driver.idsOf(1, "draining");
      await driver.subject.until("it is not routed", async () => {
        return (await driver.replica(leaving))?.routed !== true;
      });
      const [staying] = await driver.idsOf(1);
      for (let n = 0; n < 20; n += 1) expect(await driver.subject.ask()).toBe(staying);
    },
  },
  {
    clause: 5,
    name: "it stays routed, and is not stopped, while a part of the data plane has not acknowledged",
    async run(driver) {
      await driver.serving(1, 2);
      await driver.subject.hold();
      await driver.scale(1, 1);
      const [leaving = ""] = await driver.idsOf(1, "draining");
      // Long enough that one whose withdrawal needs no acknowledgement would have gone.
      await driver.subject.revision(2);
      await driver.scale(2, 1);
      await driver.subject.until("another one was probed meanwhile", async () => {
        return (await driver.replicas(2))[0]?.lastProbe?.ok === true;
      });
      expect(await driver.replica(leaving)).toMatchObject({ state: "draining", routed: true });
      await driver.subject.letGo();
      await driver.ready(1, 1);
    },
  },
  {
    clause: 5,
    name: "one is ready only when every part of the data plane may send it requests",
    async run(driver) {
      await driver.serving(1, 1);
      await driver.subject.hold();
      await driver.subject.revision(2);
      await driver.scale(2, 1);
      await driver.subject.until("its probe passes", async () => {
        return (await driver.replicas(2))[0]?.lastProbe?.ok === true;
      });
      expect((await driver.replicas(2))[0]).toMatchObject({ state: "starting", readySince: null });
      await driver.subject.letGo();
      await driver.ready(2, 1);
    },
  },
  {
    clause: 15,
    name: "a revision that the table does not name gets nothing, one of weight 0 neither",
    async run(driver) {
      const [one = ""] = await driver.serving(1, 1);
      const [two = ""] = await driver.running(2, 1);
      expect(await answers(driver, 10)).toEqual(new Set([one]));
      await driver.route(1, 2);
      await driver.met([one, two]);
      if (!driver.subject.engine.capabilities.weights) return;
      const weights = [
        { revision: 1, weight: 0 },
        { revision: 2, weight: 100 },
      ];
      const generation = await driver.handOver({ kind: "byWeight", weights, sticky: null });
      await driver.inForce(generation);
      expect(await answers(driver, 20)).toEqual(new Set([two]));
    },
  },
  {
    clause: 15,
    name: "the first rule that matches decides, what matches none goes to the rest",
    async run(driver) {
      if (!driver.subject.engine.capabilities.matches) return;
      const [one = ""] = await driver.running(1, 1);
      const [two = ""] = await driver.running(2, 1);
      const match = { kind: "header", name: "x-variant", value: "b" } as const;
      const generation = await driver.handOver({
        kind: "byMatch",
        rules: [{ match, revision: 2 }],
        otherwise: 1,
      });
      await driver.inForce(generation);
      expect(await answers(driver, 5)).toEqual(new Set([one]));
      expect(await answers(driver, 5, { "x-variant": "b" })).toEqual(new Set([two]));
      expect(await answers(driver, 5, { "x-variant": "a" })).toEqual(new Set([one]));
    },
  },
  {
    clause: 15,
    name: "a replica that comes or goes needs no new table",
    async run(driver) {
      const before = await driver.serving(1, 1);
      const generation = (await driver.routeView()).accepted;
      await driver.scale(1, 3);
      const now = await driver.ready(1, 3);
      await driver.met(now);
      expect(now).toEqual(expect.arrayContaining([...before]));
      expect((await driver.routeView()).accepted).toBe(generation);
    },
  },
  {
    clause: 15,
    name: "answered requests are counted for the revision that answered, and the count only grows",
    async run(driver) {
      await driver.serving(1, 1);
      const first = await counted(driver, 1, 1);
      for (let n = 0; n < 10; n += 1) await driver.subject.ask();
      const second = await counted(driver, 1, first + 10);
      await driver.running(2, 1);
      await driver.route(2);
      await driver.met(await driver.idsOf(2));
      await counted(driver, 2, 1);
      expect(await counted(driver, 1, second)).toBeGreaterThanOrEqual(second);
    },
  },
  {
    clause: 16,
    name: "an answered request is in the totals, which go on under the next engine",
    async run(driver) {
      await driver.serving(1, 1);
      const before = readOf((await driver.look()).traffic);
      for (let n = 0; n < 5; n += 1) await driver.subject.ask();
      await driver.subject.until("five more are answered", async () => {
        const { totals } = readOf((await driver.look()).traffic);
        return totals.answered >= before.totals.answered + 5;
      });
      const { totals, epoch } = readOf((await driver.look()).traffic);
      expect(epoch).toBe(before.epoch);
      await driver.subject.restart();
      const after = readOf((await driver.look()).traffic);
      expect(after.epoch).toBe(epoch);
      const growth = Object.values(trafficBetween(totals, after.totals));
      expect(growth.filter((n) => typeof n === "number" && n < 0)).toEqual([]);
    },
  },
  {
    clause: 17,
    name: "what clients got is counted for the revision that they were sent to, errors apart",
    async run(driver) {
      await driver.serving(1, 1);
      const before = await Promise.all([fared(driver, 1, 1), fared(driver, 2, 0)]);
      await driver.running(2, 1, { fails: true });
      await driver.route(2);
      for (let n = 0; n < 5; n += 1) await driver.subject.ask();
      const failing = await fared(driver, 2, before[1].requests + 5);
      expect(failing.errors - before[1].errors).toBe(failing.requests - before[1].requests);
      expect(sum(failing.latency)).toBeGreaterThanOrEqual(sum(before[1].latency) + 5);
      expect((await fared(driver, 1, 0)).errors).toBe(before[0].errors);
    },
  },
  {
    clause: 17,
    name: "within an epoch, that of the traffic, figures only grow, under the next engine too",
    async run(driver) {
      await driver.serving(1, 1);
      const first = await fared(driver, 1, 1);
      const { traffic, counts } = await driver.look();
      expect(readOf(counts).epoch).toBe(readOf(traffic).epoch);
      await driver.subject.restart();
      for (let n = 0; n < 5; n += 1) await driver.subject.ask();
      const second = await fared(driver, 1, first.requests + 5);
      expect(readOf((await driver.look()).counts).epoch).toBe(readOf(counts).epoch);
      const shrunk = first.latency.filter((count, bucket) => count > (second.latency[bucket] ?? 0));
      expect([second.errors - first.errors, shrunk]).toEqual([0, []]);
    },
  },
];

/** The counts of a revision, once they have at least so many requests. */
async function fared(driver: Driver, revision: number, atLeast: number): Promise<RevisionCounts> {
  let found: RevisionCounts = { requests: 0, errors: 0, latency: [] };
  await driver.subject.until(`${atLeast} requests to revision ${revision}`, async () => {
    const { counts } = await driver.look();
    if (counts.kind === "known") found = counts.value.revisions[revision] ?? found;
    return counts.kind === "known" && found.requests >= atLeast;
  });
  return found;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

async function answers(
  driver: Driver,
  times: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<ReadonlySet<string | null>> {
  const seen = new Set<string | null>();
  for (let n = 0; n < times; n += 1) seen.add(await driver.subject.ask(headers));
  return seen;
}

/** The requests of a revision, once they are at least so many. */
async function counted(driver: Driver, revision: number, atLeast: number): Promise<number> {
  let count = 0;
  await driver.subject.until(`${atLeast} requests of revision ${revision}`, async () => {
    const { requests } = await driver.look();
    count = requests.kind === "known" ? (requests.value[revision] ?? 0) : 0;
    return count >= atLeast;
  });
  return count;
}
