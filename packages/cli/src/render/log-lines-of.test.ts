import { expect, it } from "vitest";
import { logLinesOf } from "./log-lines-of.ts";

it("has the lines of every failure that kept some, a failed metric's too", () => {
  const lastLogLines = ["listening", "ECONNREFUSED 5432"];
  const evidence = { replica: "5-9", probe: null, exit: null, lastLogLines };
  const metric = { waypoint: "bake", metric: "errors", detail: "5 % of 200" };
  const lines = ["  | listening", "  | ECONNREFUSED 5432"];
  expect(logLinesOf({ reason: { kind: "analysisFailed", ...metric, evidence } })).toEqual(lines);
  expect(logLinesOf({ reason: { kind: "crashLoop", exits: 3, evidence } })).toEqual(lines);
  expect(logLinesOf({ reason: { kind: "aborted", by: "ann" } })).toEqual([]);
  expect(logLinesOf({ reason: null })).toEqual([]);
});
