import { expect, it } from "vitest";
import { proxyLines } from "./describe-proxy.ts";

const serving = { pid: 1, generation: 1, ruleGeneration: 1, leaving: false };

it("says nothing of one worker that answered nothing by itself, or of another engine", () => {
  expect(proxyLines({ proxy: { workers: [serving], answeredByProxy: {} } })).toEqual([]);
  expect(proxyLines(null)).toEqual([]);
  expect(proxyLines({ other: 1 })).toEqual([]);
});

it("counts workers, those that leave apart, and own answers by reason, most first", () => {
  const workers = [serving, serving, { ...serving, leaving: true }];
  const answeredByProxy = { "no-replica": 2, cut: 0, "upstream-closed": 7 };

  expect(proxyLines({ proxy: { workers, answeredByProxy } })).toEqual([
    "proxy: 2 workers, 1 leaving; answered by itself: upstream-closed 7, no-replica 2",
  ]);
});
