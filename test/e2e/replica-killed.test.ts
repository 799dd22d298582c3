import { lostRequests } from "@hitless/core";
import { seededRandom } from "@hitless/load";
import { expect, test } from "vitest";
import { killReplicasThrough } from "../bed/killed-replicas.ts";

test("replicas killed in releases: history counts what was lost, cut and sent again, as clients saw it", async () => {
  const met = await killReplicasThrough({ releases: 2, random: seededRandom(1), slow: "/begun" });
  const { fresh, keepalive, post, slow } = met.report.total.kinds;
  expect(met.faults).toEqual([]);
  expect(met.kills.stable + met.kills.canary).toBe(3);
  expect(met.orders.twice).toBe(0);
  // An answer that had begun cannot be sent again; one that had not is, and the client sees nothing.
  expect([fresh.lost, keepalive.lost]).toEqual([0, 0]);
  expect(slow.lost).toBe(lostRequests({ ...met.history, failed: {} }));
  expect(post.lost).toBe(lostRequests({ ...met.history, cut: {} }));
  // The kills met requests of each sort, and the instrument sees losses.
  expect(met.history.retriedAnswered).toBeGreaterThan(0);
  expect(slow.lost).toBeGreaterThan(0);
  expect(post.lost).toBeGreaterThan(0);
  expect(met.controlLost).toBeGreaterThan(0);
});
