import { afterAll, describe, test } from "vitest";
import type { ClauseTest } from "./clause-test.ts";
import { accepting } from "./clauses/accepting.ts";
import { addresses } from "./clauses/addresses.ts";
import { levels } from "./clauses/levels.ts";
import { logging } from "./clauses/logging.ts";
import { observing } from "./clauses/observing.ts";
import { previewing } from "./clauses/previewing.ts";
import { receipts } from "./clauses/receipts.ts";
import { routing } from "./clauses/routing.ts";
import { Driver } from "./driver.ts";
import type { Subjects } from "./subject.ts";

/** Every test of every clause, in the order of the clauses. */
export const clauseTests: readonly ClauseTest[] = [
  ...accepting,
  ...levels,
  ...routing,
  ...previewing,
  ...addresses,
  ...observing,
  ...logging,
  ...receipts,
].sort((a, b) => a.clause - b.clause);

/** Holds an engine to the contract of the `Engine` port: one suite for all of them. */
export function engineConformance(name: string, subjects: Subjects): void {
  describe(name, () => {
    for (const { clause, name: promise, run } of clauseTests) {
      test(`${clause}. ${promise}`, async () => {
        await using subject = await subjects.make();
        await run(await Driver.open(subject));
      });
    }
    afterAll(() => subjects.close());
  });
}
