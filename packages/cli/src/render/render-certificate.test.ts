import type { Certificate, Item } from "@hitless/load";
import { expect, test } from "vitest";
import { paintFor, plain } from "../live/paint.ts";
import { renderCertificate } from "./render-certificate.ts";

const items: readonly Item[] = [
  {
    id: "starts",
    title: "starts and serves",
    verdict: "pass",
    evidence: "serves after 0.3 s",
    fix: null,
  },
  {
    id: "exits",
    title: "exits within the grace",
    verdict: "fail",
    evidence: "ran on for 30.0 s after SIGTERM, until SIGKILL; it said: \u001b[2Jbye",
    fix: "End the process from the SIGTERM handler once everything is answered. docs/any-language.md#exit",
  },
  {
    id: "held-sse",
    title: "server-sent events",
    verdict: "not-tested",
    evidence: "--sse-path PATH",
    fix: null,
  },
];

const found: Certificate = {
  command: "node server.js",
  behind: "kubernetes",
  drainDelaySeconds: 3,
  graceSeconds: 30,
  ok: false,
  counts: { pass: 1, fail: 1, "not-tested": 1, "not-applicable": 0 },
  endpoints: null,
  items,
  said: "",
};

test("is a table that fits the terminal, with the fix below what failed", () => {
  expect(renderCertificate(found, { width: 60, paint: plain })).toBe(
    [
      "pass        starts and serves       serves after 0.3 s",
      "FAIL        exits within the grace  ran on for 30.0 s after",
      "                                    SIGTERM, until SIGKILL;",
      "                                    it said: \\u001b[2Jbye",
      "            → End the process from the SIGTERM handler once",
      "            everything is answered.",
      "            docs/any-language.md#exit",
      "not tested  server-sent events      --sse-path PATH",
      "",
      "1 passed, 1 failed, 1 not tested (behind kubernetes, drain delay 3 s)",
    ].join("\n"),
  );
});

test("is coloured on a terminal alone", () => {
  const red = "\u001b[31m";
  const canvas = (isTTY: boolean) => ({ width: 80, paint: paintFor({ isTTY }, {}) });
  expect(renderCertificate(found, canvas(true))).toContain(red);
  expect(renderCertificate(found, canvas(false))).not.toContain("\u001b");
});
