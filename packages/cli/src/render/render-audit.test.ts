import type { AuditEntry } from "@hitless/core";
import { expect, it } from "vitest";
import { renderAudit } from "./render-audit.ts";

const state = {
  stable: 1,
  release: null,
  queued: null,
  replicas: 2,
  maintenance: false,
  frozen: false,
};
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

it("gives each entry lines of its own where the table is too wide, so that nothing is cut", () => {
  const origin = { kind: "ssh", detail: "10.0.0.5", uid: 0, sudo: null, host: "h" } as const;
  const refused = {
    ...entry,
    who: { name: "bob", origin },
    command: "up",
    after: entry.before,
    result: { kind: "refused", code: "REFUSED", message: "it runs\nalready" },
  } as const;

  expect(renderAudit([entry, refused], 80).split("\n")).toEqual([
    "2026-11-21T16:08:07Z  alice",
    "  release",
    "  accepted",
    "  over the file: config.A config.B → config.B",
    "2026-11-21T16:08:07Z  bob, ssh 10.0.0.5",
    "  up",
    "  refused: it runs\\nalready",
  ]);
  expect(renderAudit([refused], 200).split("\n")).toHaveLength(2);
});
