import type { RouteRule } from "@hitless/core";
import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";
import { type Driver, readOf } from "../driver.ts";

/** Everything to revision 1, nothing to revision 2. */
const rule: RouteRule = { kind: "byReplica", revisions: [1] };

/** Clause 18: an address of its own for one revision. */
export const previewing: readonly ClauseTest[] = [
  {
    clause: 18,
    name: "a revision that the rule gives nothing answers at its preview, and nobody else does there",
    async run(driver) {
      const [one = ""] = await driver.serving(1, 1);
      const two = await driver.running(2, 2);
      const port = await previewed(driver, 2);
      expect(await answersAt(driver, port, 10)).toEqual(new Set(two));
      expect(await driver.subject.ask()).toBe(one);
      await driver.inForce(await driver.handOver(rule));
      expect(await driver.subject.askAt(port)).toBeNull();
    },
  },
  {
    clause: 18,
    name: "none of its requests is counted as one of clients",
    async run(driver) {
      await driver.serving(1, 1);
      await driver.running(2, 1);
      const port = await previewed(driver, 2);
      const counted = async () => {
        const { requests, counts } = await driver.look();
        return [readOf(requests)[2], readOf(counts).revisions[2]?.requests];
      };
      const before = await counted();
      for (let n = 0; n < 10; n += 1) await driver.subject.askAt(port);
      expect(await counted()).toEqual(before);
    },
  },
  {
    clause: 18,
    name: "while its port is somebody else's the rule is in force, and it says who has it",
    async run(driver) {
      await driver.serving(1, 1);
      const [two = ""] = await driver.running(2, 1);
      const port = await driver.subject.freePort();
      const leave = await driver.subject.occupy(port);
      const generation = await driver.handOver(rule, { port, revision: 2 });
      await driver.subject.until("it says who has the port", async () => {
        const said = (await driver.routeView()).lagging.join();
        return new RegExp(`preview: port ${port} is held by process \\d+`, "u").test(said);
      });
      await driver.inForce(generation);
      expect(await driver.subject.askAt(port)).toBeNull();
      await leave();
      await driver.allThere();
      expect(await driver.subject.askAt(port)).toBe(two);
    },
  },
  {
    clause: 18,
    name: "the next engine opens it again, and the same port can pass to another revision",
    async run(driver) {
      const [one = ""] = await driver.serving(1, 1);
      const [two = ""] = await driver.running(2, 1);
      const port = await previewed(driver, 2);
      await driver.subject.restart();
      await driver.inForce((await driver.routeView()).accepted);
      await driver.allThere();
      expect(await driver.subject.askAt(port)).toBe(two);
      await driver.inForce(await driver.handOver(rule, { port, revision: 1 }));
      expect(await driver.subject.askAt(port)).toBe(one);
    },
  },
];

/** The port at which that revision answers, once it does. */
async function previewed(driver: Driver, revision: number): Promise<number> {
  const port = await driver.subject.freePort();
  await driver.inForce(await driver.handOver(rule, { port, revision }));
  await driver.allThere();
  return port;
}

async function answersAt(
  driver: Driver,
  port: number,
  times: number,
): Promise<ReadonlySet<string | null>> {
  const seen = new Set<string | null>();
  for (let n = 0; n < times; n += 1) seen.add(await driver.subject.askAt(port));
  return seen;
}
