import { expect, it } from "vitest";
import { printable } from "./output.ts";

it("prints nothing that a terminal would obey, and JSON that means the same", () => {
  const nasty = "a\u001b[31mred\u0007 \u202etxt.exe\u009b";
  expect(printable(nasty)).toBe("a\\u001b[31mred\\u0007 \\u202etxt.exe\\u009b");
  expect(JSON.parse(printable(JSON.stringify({ nasty })))).toEqual({ nasty });
  expect(printable("two\nlines\tand a tab, Zoë 🚀")).toBe("two\nlines\tand a tab, Zoë 🚀");
});
