import { resolve } from "node:path";
import { failpoints } from "@hitless/core";
import { expect, it } from "vitest";
import { readSourceTree } from "./source-tree.ts";
import type { Token } from "./tokens.ts";

const root = resolve(import.meta.dirname, "../..");

it("passes every failpoint of the list at one line of the product, and no other", () => {
  const sources = readSourceTree(root).files.filter((f) => f.workspace !== null && !f.isTest);
  const passed = sources.flatMap(({ tokens }) => passedIn(tokens));
  expect(passed.toSorted()).toEqual([...failpoints].toSorted());
});

it("awaits every failpoint: one that is made to wait or to fail must be felt", () => {
  const sources = readSourceTree(root).files.filter((f) => f.workspace !== null && !f.isTest);
  const floating = sources.flatMap(({ path, tokens }) =>
    tokens.flatMap((token, at) => {
      const isCall = token.text === "failpoint" && tokens[at + 1]?.text === "(";
      const before = tokens[at - 1]?.text;
      const stands = before === "await" || before === "function";
      return isCall && !stands ? [`${path}:${token.line}`] : [];
    }),
  );
  expect(floating).toEqual([]);
});

/** The names in `failpoint("name")`. */
function passedIn(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, at) => {
    if (token.kind !== "name" || token.text !== "failpoint") return [];
    const [open, name] = [tokens[at + 1], tokens[at + 2]];
    return open?.text === "(" && name?.kind === "string" ? [name.text] : [];
  });
}
