import { HitlessError } from "@hitless/core";
import { describe, expect, it } from "vitest";
import { renderError } from "./end-with.ts";

describe("renderError", () => {
  it("says the code and what is wrong, then what to do on a line of its own", () => {
    const error = new HitlessError("BAD_INPUT", "hitless.yaml:2:7: name is 5", {
      next: "quote it",
    });

    expect(renderError(error)).toBe("error BAD_INPUT: hitless.yaml:2:7: name is 5\n  → quote it");
  });

  it("keeps the stack of what nobody foresaw, and of nothing else", () => {
    const cause = new TypeError("no");

    expect(renderError(HitlessError.from(cause))).toContain("TypeError: no\n    at ");
    expect(renderError(new HitlessError("REFUSED", "busy", { cause }))).toBe("error REFUSED: busy");
  });
});
