import { z } from "zod";
import { must } from "./expectation.ts";

/** Text with something in it and no NUL, which no argument, variable or path can hold. */
export function text(be: string, hint?: string) {
  const error = must(be, hint);
  return z.string({ error }).refine((value) => value.trim() !== "" && !value.includes("\0"), {
    error,
  });
}

const scalarRule = "text, a number, true or false (without a NUL character)";

/** Text, or a number or boolean that is kept as text: variables, headers and arguments. */
export function scalarText() {
  const error = must(scalarRule);
  return z
    .union([z.string(), z.number(), z.boolean()], { error })
    .transform(String)
    .refine((value) => !value.includes("\0"), { error });
}
