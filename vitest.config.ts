import { defineConfig } from "vitest/config";
import { ClosingLineReporter } from "./scripts/closing-line-reporter.ts";

const resolve = { conditions: ["@hitless/source"] };
const fromSource = { resolve, ssr: { resolve } };

export default defineConfig({
  test: {
    // By default one core is left idle; most of these tests wait for processes anyway.
    maxWorkers: "100%",
    reporters: ["default", new ClosingLineReporter()],
    projects: [
      {
        ...fromSource,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "test/{architecture,fuzz,mutants}/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: "e2e",
          include: ["test/{e2e,conformance}/**/*.test.ts"],
          testTimeout: 90_000,
          // `up` of a real app, on a machine that does a lot else.
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
