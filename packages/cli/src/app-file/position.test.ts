import { parseAppFile } from "@hitless/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { parseYaml } from "./parse-yaml.ts";
import { positionOf } from "./position.ts";

const keys = ["name", "run", "replicas", "config", "secrets", "probes", "drain", "strategy", "zzz"];

it("puts every problem of every file at a place inside it", () => {
  // A merge key that merges no map is refused as a whole, with no place.
  const files = fc
    .dictionary(fc.constantFrom(...keys), fc.jsonValue(), { minKeys: 1 })
    .filter((file) => !JSON.stringify(file).includes('"<<":'));
  fc.assert(
    fc.property(files, (file) => {
      const text = stringify(file);
      const rows = text.split("\n");
      const yaml = parseYaml(text, "hitless.yaml");
      const parsed = parseAppFile(yaml.value);
      const problems = parsed.kind === "ok" ? [] : parsed.problems;
      for (const problem of problems) {
        const { line, column } = positionOf(yaml, problem);
        expect(column - 1).toBeLessThanOrEqual(rows[line - 1]?.length ?? -1);
      }
    }),
    { numRuns: 200 },
  );
});

it("points at the key of a bad key and at the value of a bad value", () => {
  const yaml = parseYaml("config:\n  PORT: 1\n  B: [1]\n", "hitless.yaml");
  expect(positionOf(yaml, { path: ["config", "PORT"], at: "key" })).toEqual({ line: 2, column: 3 });
  expect(positionOf(yaml, { path: ["config", "B"], at: "value" })).toEqual({ line: 3, column: 6 });
  expect(positionOf(yaml, { path: ["config", "B", 0], at: "value" })).toEqual({
    line: 3,
    column: 7,
  });
  expect(positionOf(yaml, { path: ["config", "C", "d"], at: "value" })).toEqual({
    line: 1,
    column: 1,
  });
});
