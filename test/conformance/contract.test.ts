import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clauseTests } from "./suite.ts";

const port = join(import.meta.dirname, "../../packages/core/src/ports/engine.ts");

test("every clause of the contract has a test, and every test a clause", () => {
  const clauses = clausesIn(readFileSync(port, "utf8"));
  expect(clauses.length).toBeGreaterThan(0);
  expect(clauses).toEqual(clauses.map((_, index) => index + 1));
  const tested = new Set(clauseTests.map((each) => each.clause));
  expect([...tested].sort((a, b) => a - b)).toEqual(clauses);
});

test("no two tests promise the same", () => {
  const names = clauseTests.map((each) => each.name);
  expect(new Set(names).size).toBe(names.length);
});

/** The numbers of the clauses in the doc comment of `Engine`. */
function clausesIn(source: string): readonly number[] {
  const [, comment = ""] = /\/\*\*\n((?: \*.*\n)+)export interface Engine \{/.exec(source) ?? [];
  return [...comment.matchAll(/^ \* (\d+)\. /gm)].map(([, number]) => Number(number));
}
