import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { failed, fixAnchors, fixPage, inOrder, passed } from "./item.ts";

const page = new URL(`../../../../${fixPage}`, import.meta.url);

/** As web pages of Markdown name them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

test("every fix leads to a heading that is there", async () => {
  const text = await readFile(page, "utf8");
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
  expect(fixAnchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
});

test("an item that failed names its fix, and items come in the order of the report", () => {
  const items = inOrder([failed("exits", "ran on"), passed("starts", "serves")]);
  expect(items.map(({ id }) => id)).toEqual(["starts", "exits"]);
  expect(items[1]?.fix).toContain("docs/any-language.md#exit");
});
