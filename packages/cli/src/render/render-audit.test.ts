import type { AuditEntry } from "@hitless/core";
import { expect, it } from "vitest";
import { renderAudit } from "./render-audit.ts";

const state = { stable: 1, release: null, queued: null, replicas: 2, maintenance: false };
const entry: AuditEntry = {
  at: Date.UTC(2026, 10, 21, 16, 8, 7),
  request: "1",
  who: { name: "alice", origin: null },
  command: "release",
  arguments: {},
  before: { ...state, overrides: ["config.A", "config.B"] },
  after: { ...state, overrides: ["config.B"] },
  result: { kind: "accepted" },
};

it("says what was typed so that each value is one word", () => {
  const arguments_ = {
    message: 'on a "full" disk',
    ifBusy: "queue",
    overrides: "config.B",
    unset: "config.A config.C",
    to: null,
  };

  const [, row] = renderAudit([{ ...entry, arguments: arguments_ }]).split("\n");

  expect(row).toBe(
    '2026-11-21T16:08:07Z  alice  -     release message="on a \\"full\\" disk" ifBusy=queue overrides=config.B unset="config.A config.C"  accepted  over the file: config.A config.B → config.B',
  );
});
