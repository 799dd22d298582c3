import { expect, it } from "vitest";
import { canDraw, LiveBlock } from "./live-block.ts";
import { paintFor, plain } from "./paint.ts";

/** As much of a terminal as a block uses: what it shows, and whether the cursor is there. */
class FakeTerminal {
  columns = 80;
  rows = 24;
  cursor = true;
  /** The whole was wiped away before it was drawn anew. */
  wiped = 0;
  private lines: string[] = [""];
  private row = 0;

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys.
    for (const token of text.match(/\u001b\[[?\d]*[A-Za-z]|\n|[^\u001b\n]+/g) ?? [])
      this.obey(token);
  }

  get shown(): readonly string[] {
    return this.lines.map((line) => line.trimEnd()).slice(0, -1);
  }

  private obey(token: string): void {
    if (token.startsWith("\u001b[") && token.endsWith("F")) this.row -= Number(token.slice(2, -1));
    else if (token === "\u001b[?25l" || token === "\u001b[?25h") this.cursor = token.endsWith("h");
    else if (token === "\u001b[K") this.lines[this.row] = this.fresh;
    else if (token === "\u001b[H") this.row = 0;
    else if (token === "\u001b[J") this.clearBelow();
    else if (token === "\n") this.newLine();
    else this.fresh = token;
  }

  private fresh = "";

  private clearBelow(): void {
    if (this.row === 0) this.wiped += 1;
    this.lines = [...this.lines.slice(0, this.row), ""];
  }

  private newLine(): void {
    this.fresh = "";
    this.row += 1;
    this.lines[this.row] ??= "";
  }
}

it("draws over what it drew before, longer or shorter, and wipes nothing in between", () => {
  const terminal = new FakeTerminal();
  terminal.write("$ hitless\u001b[K\n");
  const block = new LiveBlock(terminal);

  block.draw(["one", "two two", "three"]);
  expect(terminal.shown).toEqual(["$ hitless", "one", "two two", "three"]);
  expect(terminal.cursor).toBe(false);
  block.draw(["1", "2"]);
  expect(terminal.shown).toEqual(["$ hitless", "1", "2"]);
  block.draw(["1", "2", "3", "4"]);
  expect(terminal.shown).toEqual(["$ hitless", "1", "2", "3", "4"]);
  expect(terminal.wiped).toBe(0);
});

it("gives the cursor back, once, and leaves what was drawn last", () => {
  const terminal = new FakeTerminal();
  const block = new LiveBlock(terminal);
  block.draw(["one"]);

  block.close();

  expect(terminal.cursor).toBe(true);
  expect(terminal.shown).toEqual(["one"]);
  terminal.cursor = false;
  block.close();
  expect(terminal.cursor).toBe(false);
});

it("draws no line that would scroll the first one away", () => {
  const terminal = new FakeTerminal();
  terminal.rows = 3;
  const block = new LiveBlock(terminal);

  block.draw(["one", "two", "three", "four"]);

  expect(terminal.shown).toEqual(["one", "two"]);
});

it("draws all on a terminal that does not say how tall it is", () => {
  const terminal = new FakeTerminal();
  terminal.rows = 0;
  new LiveBlock(terminal).draw(["one", "two"]);
  expect(terminal.shown).toEqual(["one", "two"]);
});

it("is for terminals that can go back to a line above", () => {
  expect(canDraw({ isTTY: true }, { TERM: "xterm" })).toBe(true);
  expect(canDraw({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(canDraw({}, { TERM: "xterm" })).toBe(false);
});

it("begins on a clean terminal once that has another width", () => {
  const terminal = new FakeTerminal();
  const block = new LiveBlock(terminal);
  block.draw(["one", "two"]);
  terminal.columns = 40;

  block.draw(["1"]);

  expect(terminal.shown).toEqual(["1"]);
  expect(terminal.wiped).toBe(1);
});

it("has colours on a terminal only, and none where NO_COLOR is set", () => {
  expect(paintFor({ isTTY: true }, {})("good", "yes")).toBe("\u001b[32myes\u001b[39m");
  expect(paintFor({ isTTY: true }, { NO_COLOR: "" })("good", "yes")).not.toBe("yes");
  expect(paintFor({ isTTY: true }, { NO_COLOR: "1" })).toBe(plain);
  expect(paintFor({ isTTY: true }, { TERM: "dumb" })).toBe(plain);
  expect(paintFor({}, {})).toBe(plain);
});
