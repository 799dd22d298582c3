import { describe, expect, it } from "vitest";
import { leafChanges } from "./leaf-changes.ts";

describe("leafChanges", () => {
  it("names the leaves that differ, in order of their paths", () => {
    const before = { run: { cwd: ".", command: ["node", "a"] }, config: { A: "1", B: "2" } };
    const after = { run: { cwd: ".", command: ["node", "b"] }, config: { A: "1", C: "3" } };

    expect(leafChanges(before, after)).toEqual([
      { path: "config.B", before: "2", after: undefined },
      { path: "config.C", before: undefined, after: "3" },
      { path: "run.command", before: ["node", "a"], after: ["node", "b"] },
    ]);
  });

  it("finds none between equal objects whose keys stand in another order", () => {
    expect(leafChanges({ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 })).toEqual([]);
  });

  it("tells an absent value from null", () => {
    expect(leafChanges({}, { user: null })).toEqual([
      { path: "user", before: undefined, after: null },
    ]);
  });
});
