import { z } from "zod";
import { must } from "./expectation.ts";
import { scalarText, text } from "./text.ts";

const listRule = "a list that begins with the program, such as [node, check.js]";

/** A command that is run as it is, without a shell. */
export const argvSchema = z
  .array(scalarText(), { error: must(listRule) })
  .refine(([program]) => program !== undefined && program.trim() !== "", {
    error: must(listRule),
  });

/** `run`: a string for the shell, or a list that is run as it is. */
export const runSchema = z.union(
  [text("a command, such as node server.js or [node, server.js]"), argvSchema],
  { error: must("a command, such as node server.js or [node, server.js]") },
);
