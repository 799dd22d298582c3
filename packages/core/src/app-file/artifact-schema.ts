import { z } from "zod";
import { must } from "./expectation.ts";
import { pathBelow, pathInside } from "./relative-path.ts";
import { section } from "./section.ts";

/** Where the files of a revision come from. */
export type ArtifactSpec =
  /** Copied when a revision is made. `dir` is relative to the folder of the app file. */
  | { readonly kind: "files"; readonly dir: string; readonly exclude: readonly string[] }
  /** The app runs in the folder of its app file, and code cannot come back. */
  | { readonly kind: "none" };

const rule = must("none, or a mapping such as { dir: ., exclude: [.git] }");
const patternRule = must(
  'a pattern such as .git, build/ or "*.map", without a leading "!" and without an empty name, "." or ".." in it',
);
const defaultExclude = [".git"];

const filesSchema = section(
  {
    dir: pathInside("the folder of the app file", "dist").default("."),
    exclude: z
      .array(z.string({ error: patternRule }).refine(isPattern, { error: patternRule }), {
        error: must("a list of patterns, such as [.git, test]"),
      })
      .default(defaultExclude),
  },
  rule,
).transform(({ dir, exclude }): ArtifactSpec => ({ kind: "files", dir, exclude }));

/** `artifact`. */
export const artifactSchema = z
  .union([z.literal("none").transform((): ArtifactSpec => ({ kind: "none" })), filesSchema], {
    error: rule,
  })
  .default({ kind: "files", dir: ".", exclude: defaultExclude });

/** `persist`: folders that outlive revisions, each once and none inside another. */
export const persistSchema = z
  .array(pathBelow("the artifact", "uploads"), {
    error: must("a list of folders, such as [uploads]"),
  })
  .superRefine((names, context) => {
    for (const [index, name] of names.entries()) {
      const outer = names.find((other, at) => at !== index && `${name}/`.startsWith(`${other}/`));
      if (outer === undefined || (outer === name && names.indexOf(name) === index)) continue;
      context.addIssue({
        code: "custom",
        path: [index],
        message: must(`outside ${JSON.stringify(outer)}, which is in the list too`, "remove it"),
      });
    }
  });

/** What the artifact store can compile (a subset of gitignore). */
function isPattern(pattern: string): boolean {
  const body = pattern.replace(/^\.?\//u, "").replace(/\/$/u, "");
  const names = body.split("/");
  return !pattern.startsWith("!") && !names.some((name) => ["", ".", ".."].includes(name));
}
