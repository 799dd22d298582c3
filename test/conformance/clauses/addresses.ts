import { expect } from "vitest";
import type { ClauseTest } from "../clause-test.ts";

/** Clause 19: where each replica answers by itself. */
export const addresses: readonly ClauseTest[] = [
  {
    clause: 19,
    name: "each replica answers at an address of its own, also one that the rule gives nothing, while it runs",
    async run(driver) {
      const ids = await driver.running(1, 2);
      const replicas = await driver.replicas(1);
      const answered = await Promise.all(
        replicas.map(({ address = "" }) => driver.subject.askAt(portOf(address))),
      );
      expect(answered).toEqual(replicas.map((r) => r.id));
      const [id = ""] = ids;
      await driver.subject.kill(id);
      await driver.subject.until("it waits for its next start", async () => {
        return (await driver.replica(id))?.state === "failed";
      });
      expect(await driver.replica(id)).not.toHaveProperty("address");
    },
  },
  {
    clause: 19,
    name: "it has none before it was ready, and keeps it while it is not ready any more or drains",
    async run(driver) {
      await driver.subject.revision(1, { neverReady: true });
      await driver.scale(1, 1);
      await driver.subject.until("it runs", async () => {
        return (await driver.replicas(1)).some((r) => r.process !== null);
      });
      expect(await driver.replicas(1)).toMatchObject([{ state: "starting" }]);
      expect((await driver.replicas(1))[0]).not.toHaveProperty("address");
      const [id = ""] = await driver.running(2, 1, { stopMs: 1500 });
      const { address = "none" } = (await driver.replica(id)) ?? {};
      await driver.subject.stall(id);
      await driver.subject.until("it is not ready any more", async () => {
        return (await driver.replica(id))?.state === "starting";
      });
      expect(await driver.replica(id)).toMatchObject({ address });
      await driver.scale(2, 0);
      expect(await driver.replica(id)).toMatchObject({ state: "draining", address });
    },
  },
];

function portOf(address: string): number {
  return Number(address.split(":")[1]);
}
