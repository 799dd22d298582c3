import { describe, test } from "vitest";
import * as kit from "./kit-from-source.ts";
import { runCases } from "./run-cases.ts";
import { cases } from "./suite.ts";

/** Many at a time, which is more than the runner would do in one file. */
const outcomes = runCases(kit, cases);

describe.each([...new Set(cases.map(({ subject }) => subject))])("%s", (name) => {
  for (const each of cases.filter(({ subject }) => subject === name)) {
    test(each.clause, async () => {
      const outcome = await outcomes.get(each);
      if (outcome?.error !== undefined) throw outcome.error;
    });
  }
});
