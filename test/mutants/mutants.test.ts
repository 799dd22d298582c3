import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mutants } from "./index.ts";
import { sabotaged } from "./mutant.ts";

const repository = join(import.meta.dirname, "../..");

it.each(mutants)("$name still finds the rule that it breaks", async (mutant) => {
  const source = await readFile(join(repository, mutant.file), "utf8");
  expect(sabotaged(source, mutant)).not.toBe(source);
});

it("names every mutant once", () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});
