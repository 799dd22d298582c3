import { expect, test } from "vitest";
import { renderReport } from "./render-report.ts";
import { reportOf } from "./testing/reports.ts";

const losses = [
  { cause: "reset", detail: `ECONNRESET, ${"after a very long while ".repeat(10)}` },
  { cause: "status-5xx", detail: "503 no-replica" },
] as const;
const report = reportOf([
  { name: "steady", answered: 123_456 },
  { name: "release 1.0 to 1.1 with a long name", answered: 10, losses },
]);

test("fits every line into the width", () => {
  for (const width of [40, 80, 120]) {
    for (const line of renderReport(report, { width }).split("\n")) {
      expect(line.length).toBeLessThanOrEqual(width);
    }
  }
});

test("names phases, causes, examples and who answered", () => {
  expect(renderReport(report)).toMatchInlineSnapshot(`
    "phase                 seconds    sent  lost  p50 ms  p95 ms  p99 ms  max ms
    steady                    1.5  123456     0     5.0    10.0    10.0    10.0
    release 1.0 to 1.1 w      1.5      12     2     5.0    10.0    10.0    10.0
    total                     3.0  123468     2     5.0    10.0    10.0    10.0
    sent: 123468 fresh
    lost: 1 reset, 1 status-5xx
      1.23 s fresh: reset, ECONNRESET, after a very long while after a very long wh…
      1.23 s fresh: status-5xx, 503 no-replica
    answered by 1.0@3: 123466 (2 processes)
    2 lost of 123468"
  `);
});

test("colours only when asked to", () => {
  expect(renderReport(report)).not.toContain("\u001b");
  expect(renderReport(report, { color: true })).toContain("\u001b[31m2 lost of 123468\u001b[39m");
  const clean = reportOf([{ name: "steady", answered: 3 }]);
  expect(renderReport(clean, { color: true })).toContain("\u001b[32m0 lost of 3\u001b[39m");
});
