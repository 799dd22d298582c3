import { HitlessError } from "@hitless/core";

/** Whether a path is left out. `path` is relative to the artifact's root, with `/` between names. */
export type Excludes = (path: string, kind: "folder" | "file") => boolean;

/**
 * Compiles `artifact.exclude`, a subset of gitignore: `name` fits at any depth, `a/b` and `/a` only
 * from the root, a trailing `/` only folders; `*` and `?` stay within a name, `**` spans folders, `\`
 * takes the next character literally. A folder that is left out is never entered. `[` is literal, and
 * nothing can be taken back: a leading `!`, an empty pattern or a `..` is `BAD_INPUT`.
 */
export function compileExcludes(patterns: readonly string[]): Excludes {
  const rules = patterns.map(compileRule);
  return (path, kind) => rules.some((rule) => rule(path, kind));
}

function compileRule(pattern: string, position: number): Excludes {
  const body = pattern.replace(/^\.?\//u, "").replace(/\/$/u, "");
  refuseUnusable(pattern, body, position);
  const onlyFolders = pattern.endsWith("/");
  const anchored = body.includes("/") || /^\.?\//u.test(pattern);
  const expression = new RegExp(`^${anchored ? "" : "(?:.*/)?"}${translate(body)}$`, "su");
  return (path, kind) => (kind === "folder" || !onlyFolders) && expression.test(path);
}

function refuseUnusable(pattern: string, body: string, position: number): void {
  const names = body.split("/");
  const problem = pattern.startsWith("!")
    ? 'begins with "!", and what is left out cannot be taken back in'
    : names.some((name) => name === "" || name === "." || name === "..")
      ? 'has an empty name, "." or ".." in it'
      : undefined;
  if (problem === undefined) return;
  throw new HitlessError("BAD_INPUT", `the exclude pattern ${JSON.stringify(pattern)} ${problem}`, {
    path: ["artifact", "exclude", position],
    next: 'name what to leave out relative to artifact.dir, as in "test" or "build/*.map"',
  });
}

function translate(body: string): string {
  const names = body.split("/");
  const last = names.length - 1;
  return names
    .map((name, index) => {
      if (name === "**") return index === last ? ".+" : "(?:.*/)?";
      return index === last ? translateName(name) : `${translateName(name)}/`;
    })
    .join("");
}

function translateName(name: string): string {
  return name.replace(/\\(.)|\*+|[\\^$.?()[\]{}|+]/gsu, (token, escaped: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (token.startsWith("*")) return "[^/]*";
    return token === "?" ? "[^/]" : literal(token);
  });
}

function literal(character: string): string {
  return character.replace(/[\\^$.*?()[\]{}|+/]/u, "\\$&");
}
