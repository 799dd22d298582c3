import { z } from "zod";

/**
 * A mapping with a fixed set of keys. Its issues are told by `issueToProblems`: unknown keys there
 * get the nearest known one, so that only the wrong type needs a message here.
 */
export function section<Shape extends z.core.$ZodShape>(shape: Shape, expectation: string) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? "a known key" : expectation),
  });
}
