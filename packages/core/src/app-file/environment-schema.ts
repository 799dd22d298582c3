import { z } from "zod";
import { must } from "./expectation.ts";
import { scalarText } from "./text.ts";

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/u;
const nameRule =
  "the name of an environment variable (letters, digits and _, not beginning with a digit)";
const ownedRule = "another name: PORT, HOST and HITLESS_* are set by Hitless for each replica";

/** `config`: variables that are part of the revision. Their names are held against `variableNameRule`. */
export const configSchema = z.record(z.string(), scalarText(), {
  error: must("a mapping of variables, such as { LOG_LEVEL: info }"),
});

/** The name of a secret: its value is in no app file. */
export const secretName = z.string({ error: must(nameRule) }).superRefine((name, context) => {
  const message = name.includes("=")
    ? must("a name alone", "take the value out of the app file: it is resolved at start")
    : variableNameRule(name);
  if (message !== null) context.addIssue({ code: "custom", message });
});

/** `secrets`: names of variables whose values are resolved when a replica starts. */
export const secretsSchema = z
  .array(secretName, { error: must("a list of names, such as [DATABASE_URL]") })
  .transform((names) => [...new Set(names)]);

/** What the name of a variable must be; null when it is good. */
export function variableNameRule(name: string): string | null {
  if (!namePattern.test(name) || name === "__proto__") return must(nameRule);
  if (name === "PORT" || name === "HOST" || name.startsWith("HITLESS_")) return must(ownedRule);
  return null;
}
