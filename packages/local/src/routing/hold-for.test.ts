import { expect, test } from "vitest";
import { holdFor } from "./hold-for.ts";

const rule = { kind: "byReplica", revisions: [2] } as const;
const old = { revision: 1, start: 1, served: true };
const crashed = { revision: 2, start: 1, served: true };
const startedAgain = { revision: 2, start: 2, served: false };
const fresh = { revision: 2, start: 1, served: false };

test("requests wait shortly for a replica that served and is started again", () => {
  expect(holdFor(rule, [crashed], null)).toEqual({ holdMs: 2_000 });
  expect(holdFor(rule, [startedAgain], null)).toEqual({ holdMs: 2_000 });
  expect(holdFor(rule, [fresh, crashed], null)).toEqual({ holdMs: 2_000 });
});

test("requests wait longer where nobody is wanted, or all who are start for the first time", () => {
  expect(holdFor(rule, [], null)).toEqual({ holdMs: 10_000 });
  expect(holdFor(rule, [old], null)).toEqual({ holdMs: 10_000 });
  expect(holdFor(rule, [old, fresh, fresh], null)).toEqual({ holdMs: 10_000 });
});

test("requests wait for nobody when nothing is released, or all is being stopped", () => {
  expect(holdFor({ kind: "byReplica", revisions: [] }, [], null)).toEqual({});
  expect(holdFor(rule, null, null)).toEqual({});
});

test("maintenance says how long they wait, whoever is there", () => {
  const maintenance = { by: "alice", since: 0, holdMs: 0, message: "soon" };
  expect(holdFor(rule, [crashed], maintenance)).toEqual({ holdMs: 0, maintenance: "soon" });
  expect(holdFor(rule, null, maintenance)).toEqual({});
});
