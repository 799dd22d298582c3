import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { framingMutants } from "./framing.ts";
import { mutants } from "./index.ts";
import { sabotaged } from "./mutant.ts";

const repository = join(import.meta.dirname, "../..");

const all = [...mutants, ...framingMutants];

it.each(all)("$name still finds the rule that it breaks", async (mutant) => {
  const source = await readFile(join(repository, mutant.file), "utf8");
  expect(sabotaged(source, mutant)).not.toBe(source);
});

it("names every mutant once", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});
