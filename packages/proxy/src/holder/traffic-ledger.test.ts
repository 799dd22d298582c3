import { noTraffic } from "@hitless/core";
import { expect, test } from "vitest";
import { newRevisionCounters } from "../worker/counters.ts";
import { TrafficLedger } from "./traffic-ledger.ts";

const counted = (requests: number) => ({ "3": { ...newRevisionCounters(), requests } });

const worker = (answered: number, complete: boolean) => ({
  record: null,
  counts: { totals: { ...noTraffic, answered, failed: { cut: 1 } }, revisions: counted(answered) },
  complete,
});

test("what workers that ended had counted stays; one that was killed leaves a gap", () => {
  const ledger = new TrafficLedger();
  const [left, killed] = [worker(5, true), worker(7, false)];
  for (const one of [left, killed, worker(11, false)]) ledger.add(one);
  const all = { ...noTraffic, answered: 23, failed: { cut: 3 } };
  expect(ledger.view().traffic.totals).toEqual(all);
  ledger.end(left);
  expect(ledger.view().traffic.totals).toEqual(all);
  ledger.end(killed);
  ledger.end(killed);
  expect(ledger.view().traffic.totals).toEqual({ ...all, gaps: 1 });
  expect(ledger.view().revisions).toEqual(counted(23));
});

test("no two counts have the same epoch", () => {
  expect(new TrafficLedger().state.epoch).not.toBe(new TrafficLedger().state.epoch);
});

test("who comes from another ledger is in none of the counts, and leaves a gap", () => {
  const ledger = new TrafficLedger();
  ledger.add(worker(5, true));
  ledger.leaveOut();
  expect(ledger.view().traffic.totals).toMatchObject({ answered: 5, gaps: 1 });
});

test("the next ledger goes on with what has ended, and knows who lives", () => {
  const before = new TrafficLedger();
  const ended = worker(5, true);
  before.add(ended);
  before.end(ended);
  const process = { bootId: "b", pid: 7, startTime: "1" };
  const living = { ...worker(7, false), record: { process, slot: 0, term: 1, leaving: false } };
  before.add(living);
  const next = new TrafficLedger();
  next.resume(before.state);
  for (const { worker: record, counts } of before.state.living) {
    next.add({ record, counts, complete: false });
  }
  expect(next.view()).toEqual(before.view());
});

test("of the revisions the 32 newest are kept", () => {
  const ledger = new TrafficLedger();
  for (let revision = 1; revision <= 40; revision += 1) {
    const one = worker(1, true);
    const revisions = { [revision]: newRevisionCounters() };
    ledger.add({ ...one, counts: { ...one.counts, revisions } });
  }
  const kept = Object.keys(ledger.view().revisions).map(Number);
  expect([Math.min(...kept), Math.max(...kept), kept.length]).toEqual([9, 40, 32]);
});

test("what a worker of an older version does not count is 0, and nothing else is lost with it", () => {
  const ledger = new TrafficLedger();
  const { errors, stalled, ...older } = newRevisionCounters();
  const newer = { ...newRevisionCounters(), requests: 3, errors: 2, stalled: 1 };
  for (const counters of [{ ...older, requests: 5 }, newer]) {
    const one = worker(1, true);
    ledger.add({ ...one, counts: { ...one.counts, revisions: { "3": counters } } });
  }
  expect(ledger.view().revisions["3"]).toMatchObject({ requests: 8, errors: 2, stalled: 1 });
  expect([errors, stalled]).toEqual([0, 0]);
});
