import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Driver } from "./driver.ts";
import { saboteurs } from "./saboteurs.ts";
import { FakeSubject } from "./subjects/fake-subject.ts";
import { clauseTests } from "./suite.ts";

const port = join(import.meta.dirname, "../../packages/core/src/ports/engine.ts");

test("every clause of the contract has a test, and every test a clause", () => {
  const clauses = clausesIn(readFileSync(port, "utf8"));
  expect(clauses.length).toBeGreaterThan(0);
  expect(clauses).toEqual(clauses.map((_, index) => index + 1));
  const tested = new Set(clauseTests.map((each) => each.clause));
  expect([...tested].sort((a, b) => a - b)).toEqual(clauses);
});

test.each([...new Set(clauseTests.map((each) => each.clause))])(
  "an engine that breaks clause %i does not pass",
  async (clause) => {
    const Saboteur = saboteurs[clause];
    if (Saboteur === undefined) throw new Error(`nobody breaks clause ${clause}`);
    const own = clauseTests.filter((each) => each.clause === clause);
    // The first failure is enough: what waits for something that was sabotaged waits for ever.
    const suite = Promise.all(
      own.map(async ({ run }) => run(await Driver.open(new FakeSubject(new Saboteur())))),
    );
    await expect(suite).rejects.toThrow();
  },
);

test("no two tests promise the same", () => {
  const names = clauseTests.map((each) => each.name);
  expect(new Set(names).size).toBe(names.length);
});

/** The numbers of the clauses in the doc comment of `Engine`. */
function clausesIn(source: string): readonly number[] {
  const [, comment = ""] = /\/\*\*\n((?: \*.*\n)+)export interface Engine \{/.exec(source) ?? [];
  return [...comment.matchAll(/^ \* (\d+)\. /gm)].map(([, number]) => Number(number));
}
