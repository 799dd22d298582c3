import { expect, it } from "vitest";
import { parseJsonPath } from "./json-path.ts";

it("reads members and places of lists", () => {
  expect(parseJsonPath("$")).toEqual([]);
  expect(parseJsonPath("$.data.result[0].value[1]")).toEqual(["data", "result", 0, "value", 1]);
  expect(parseJsonPath(`$["a b"]['c.d'].e-f`)).toEqual(["a b", "c.d", "e-f"]);
});

it.each(["", "data", "$.", "$..a", "$.a[*]", "$.a[-1]", "$.a[?(@.b)]", "$.a b", "$[a]"])(
  "refuses %j",
  (path) => {
    expect(parseJsonPath(path)).toBeNull();
  },
);
