import { noTraffic } from "@hitless/core";
import { expect, test } from "vitest";
import { TrafficLedger } from "./traffic-ledger.ts";

const worker = (answered: number, complete: boolean) => ({
  traffic: { ...noTraffic, answered, failed: { cut: 1 } },
  complete,
});

test("what workers that ended had counted stays; one that was killed leaves a gap", () => {
  const ledger = new TrafficLedger();
  const [left, killed] = [worker(5, true), worker(7, false)];
  for (const one of [left, killed, worker(11, false)]) ledger.add(one);
  const all = { ...noTraffic, answered: 23, failed: { cut: 3 } };
  expect(ledger.view().totals).toEqual(all);
  ledger.end(left);
  expect(ledger.view().totals).toEqual(all);
  ledger.end(killed);
  ledger.end(killed);
  expect(ledger.view().totals).toEqual({ ...all, gaps: 1 });
});

test("no two counts have the same epoch", () => {
  expect(new TrafficLedger().view().epoch).not.toBe(new TrafficLedger().view().epoch);
});
