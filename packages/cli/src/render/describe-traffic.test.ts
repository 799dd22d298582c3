import { noTraffic } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { describeTraffic } from "./describe-traffic.ts";

describe("describeTraffic", () => {
  it.each([
    [{ answered: 8398 }, "0 / 8,398"],
    [{ answered: 8396, retried: 2, retriedAnswered: 2 }, "0 / 8,396, retried 2"],
    [
      { answered: 7, failed: { "upstream-closed": 2, cut: 1 }, cut: { cut: 1 }, retried: 1 },
      "4 / 11 (upstream-closed 2, cut 1, broken off 1), retried 1 (1 in vain)",
    ],
    [{ answered: 5, gaps: 1 }, "at least 0 / 5"],
    [{ answered: 5, rejected: 3, abandoned: 4 }, "0 / 5"],
  ])("tells %j", (totals, text) => {
    expect(describeTraffic({ ...noTraffic, ...totals })).toBe(text);
  });
});
