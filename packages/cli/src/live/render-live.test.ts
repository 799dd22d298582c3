import type { HoldStatus, ReleaseStatus, StatusReport } from "@hitless/controller";
import { noTraffic } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { exampleRelease, exampleReplicas, exampleStatus } from "../testing/example-status.ts";
import { paintFor, plain } from "./paint.ts";
import { renderLive } from "./render-live.ts";

const now = 1_000_000;
const canvas = { width: 80, paint: plain };

describe("renderLive", () => {
  it("shows replicas, shares, requests and errors, and what the waypoint holds for", () => {
    const holds: readonly HoldStatus[] = [
      { kind: "time", until: now + 42_000, open: false },
      { kind: "requests", answered: 1310, wanted: 5000, open: false },
      { kind: "analysis", until: now - 1, open: false },
      { kind: "approval", open: false },
    ];
    const analysis = {
      "error-rate": { verdict: "inconclusive", detail: "0.11 % errors in 910", measured: 9 },
      p95: { verdict: "successful", detail: "14 ms", measured: 9 },
    } as const;

    expect(renderLive(report({ holds, analysis }), now, canvas)).toEqual([
      "shop · release 7 (release): 6 → 7 · 1 min 12 s · http://127.0.0.1:8080",
      "REVISION   READY  START  DRAIN  FAIL  SHARE   REQ/S  REQUESTS     ERRORS     P95",
      "6 stable       4      0      1     0   95 %   285.0    18,402          0   12 ms",
      "7 canary       1      1      0     1  5.0 %    15.0       910    1 0.1 %  4.5 ms",
      "",
      "  ✓ canary 5 %",
      "  ▶ canary 20 %",
      "      … time: 42 s left",
      "      … requests: 1,310 of 5,000",
      "      … analysis: its time is over, and a metric is not decided",
      "      … approval: a person has to say `hitless promote`",
      "        error-rate: inconclusive · 0.11 % errors in 910",
      "        p95: successful · 14 ms",
      "    bake",
      "",
      "lost 2 / 19,312 (upstream-closed 2)",
      'why: waypoint "canary 20 %" is held by time: 42 s left',
      "left: at least 1 min 42 s and 1 approval",
    ]);
  });

  it("leaves out who has neither replicas nor requests, nor a part in the release", () => {
    const gone = { revision: 5, requests: 0, errors: 0, p95Ms: null, rps: 0, share: 0 };
    const still = { ...gone, revision: 4, requests: 3 };
    const status = report({});
    const revisions = [still, gone, ...status.revisions];
    const lines = renderLive({ ...status, revisions }, now, canvas);

    expect(lines.filter((line) => /^\d/.test(line)).map((line) => line.slice(0, 8))).toEqual([
      "4       ",
      "6 stable",
      "7 canary",
    ]);
  });

  it("shows what is over, and a way back with its reason", () => {
    const holds = [{ kind: "approval", open: true } as const];
    const reason = { kind: "aborted", by: "ann" } as const;
    const lines = renderLive(report({ holds, reason, direction: "back" }), now, canvas);

    expect(lines[0]).toContain("release 7 (release): back to 6");
    expect(lines).toContain("      ✓ approval: given");
    expect(lines).toContain("turned back: aborted by ann");
  });

  it("shows an app at rest, with what is queued and a freeze", () => {
    const pending = {
      id: 8,
      by: "bob",
      to: 8,
      kind: "release",
      cause: "",
      requestedAt: 0,
    } as const;
    const frozen = { reason: "the sale", since: 0, by: "ann" };
    const lines = renderLive({ ...report({}), release: null, pending, frozen }, now, canvas);

    expect(lines[0]).toBe("shop · revision 6 · http://127.0.0.1:8080");
    expect(lines).toContain("queued: release 8 to revision 8 by bob");
    expect(lines.some((line) => line.startsWith("frozen by ann since"))).toBe(true);
  });

  it.each([30, 80, 120])(
    "fits %i columns, colours apart, whatever names and texts say",
    (width) => {
      const detail = "a\u001b[2Jb\n".repeat(60);
      const analysis = { "error-rate": { verdict: "failed", detail, measured: 1 } } as const;
      const status = report({ analysis });

      const lines = renderLive(status, now, { width, paint: plain });
      const coloured = renderLive(status, now, { width, paint: paintFor({ isTTY: true }, {}) });

      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      for (const obeyed of ["\u001b", "\n"]) expect(lines.join("")).not.toContain(obeyed);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours.
      const bare = coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, "").trimEnd());
      expect(bare).toEqual(lines);
      expect(coloured).not.toEqual(lines);
    },
  );
});

function report(release: Partial<ReleaseStatus>): StatusReport {
  return {
    ...exampleStatus,
    stable: 6,
    desired: { replicas: 4, owner: "file", fileReplicas: 4 },
    replicas: [
      ...exampleReplicas(6, "ready", 4),
      ...exampleReplicas(6, "draining", 1),
      ...exampleReplicas(7, "ready", 1),
      ...exampleReplicas(7, "starting", 1),
      ...exampleReplicas(7, "failed", 1),
    ],
    revisions: [
      { revision: 6, requests: 18_402, errors: 0, p95Ms: 12.2, rps: 285, share: 0.95 },
      { revision: 7, requests: 910, errors: 1, p95Ms: 4.48, rps: 15, share: 0.05 },
    ],
    release: { ...underWay, ...release },
    newest: { release: 7, direction: "forward", waypoint: "canary 20 %" },
    why: { kind: "held", waypoint: "canary 20 %", hold: "time", detail: "42 s left" },
  };
}

const underWay: ReleaseStatus = {
  ...exampleRelease,
  id: 7,
  from: 6,
  to: 7,
  waypoints: ["canary 5 %", "canary 20 %", "bake"],
  startedAt: now - 72_000,
  remaining: { ms: 102_000, approvals: 1 },
  traffic: { ...noTraffic, answered: 19_310, failed: { "upstream-closed": 2 } },
};
