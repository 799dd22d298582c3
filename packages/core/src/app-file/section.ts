import { z } from "zod";
import { must } from "./expectation.ts";

/**
 * A mapping with a fixed set of keys. Its issues are told by `issueToProblems`: unknown keys there
 * get the nearest known one, so that only the wrong type needs a message here. `next` is said of an
 * unknown key that is near none, instead of a plain list of the known ones.
 */
export function section<Shape extends z.core.$ZodShape>(
  shape: Shape,
  expectation: string,
  next?: string,
) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? must("a known key", next) : expectation,
  });
}
