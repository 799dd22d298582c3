import { expect, test } from "vitest";
import { fuzzFraming } from "./fuzz-framing.ts";

const mutations = 200_000;

test(`${mutations} mutations mean to the proxy what they mean to llhttp`, async () => {
  // Always the same, so that only a change can turn it red; `npm run prove -- fuzz-framing` draws another each time.
  const seed = 7;
  const report = await fuzzFraming({ seed, to: mutations });
  expect(report.failure).toBeNull();
  expect(report.tried).toBe(mutations);
  // A fuzzer whose cases are all refused sees nothing of what is passed on.
  expect(report.passed).toBeGreaterThan(mutations / 10);
}, 600_000);
