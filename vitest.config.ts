import { defineConfig } from "vitest/config";

const resolve = { conditions: ["@hitless/source"] };
const shared = { resolve, ssr: { resolve } };

export default defineConfig({
  test: {
    projects: [
      { ...shared, test: { name: "unit", include: ["packages/*/src/**/*.test.ts", "test/architecture/**/*.test.ts"], testTimeout: 30_000 } },
      { ...shared, test: { name: "e2e", include: ["test/{e2e,conformance}/**/*.test.ts"], testTimeout: 90_000 } },
    ],
  },
});
