import { describe, expect, it } from "vitest";
import { renderTable } from "./render-table.ts";

const rows = [
  ["1-1", "ready", ""],
  ["12-40", "draining", "GET /ready → 503"],
];

describe("renderTable", () => {
  it("gives each column the width of its widest cell, without blanks at the ends", () => {
    expect(renderTable(["id", "state", "last"], rows, undefined)).toBe(
      ["ID     STATE     LAST", "1-1    ready", "12-40  draining  GET /ready → 503"].join("\n"),
    );
  });

  it("fits the width of the terminal and marks what was cut", () => {
    const lines = renderTable(["id", "state", "last"], rows, 24).split("\n");

    expect(lines.every((line) => line.length <= 24)).toBe(true);
    expect(lines.at(-1)).toBe("12-40  draining  GET /r…");
  });

  it("cuts nothing in a pipe", () => {
    expect(renderTable(["id"], [["x".repeat(500)]], undefined)).toContain("x".repeat(500));
  });

  it("prints the head of an empty table", () => {
    expect(renderTable(["id", "state"], [], 80)).toBe("ID  STATE");
  });
});
