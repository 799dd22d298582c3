import { describe, expect, it } from "vitest";
import { compileExcludes } from "./exclude-rule.ts";

const table = [
  ["test", "test", "folder", true],
  ["test", "src/test", "folder", true],
  ["test", "src/test.ts", "file", false],
  ["test", "contest", "folder", false],
  ["/test", "src/test", "folder", false],
  ["./dist", "dist", "folder", true],
  ["./dist", "packages/dist", "folder", false],
  ["a/b", "a/b", "file", true],
  ["a/b", "x/a/b", "file", false],
  ["build/", "build", "folder", true],
  ["build/", "x/build", "folder", true],
  ["build/", "build", "file", false],
  ["*.map", "dist/a.js.map", "file", true],
  ["*.map", "map", "file", false],
  ["a/*.map", "a/b/c.map", "file", false],
  ["file?.js", "file1.js", "file", true],
  ["file?.js", "file12.js", "file", false],
  ["file?.js", "file😀.js", "file", true],
  ["**/cache", "cache", "folder", true],
  ["**/cache", "a/b/cache", "folder", true],
  ["a/**/z", "a/z", "file", true],
  ["a/**/z", "a/b/c/z", "file", true],
  ["logs/**", "logs/a/b", "file", true],
  ["logs/**", "logs", "folder", false],
  ["[slug]", "[slug]", "folder", true],
  ["[slug]", "s", "file", false],
  ["a.b+(c)", "a.b+(c)", "file", true],
  ["a.b", "axb", "file", false],
  ["\\*", "*", "file", true],
  ["\\*", "a", "file", false],
  ["a*z", "a\nz", "file", true],
] as const;

describe("exclude patterns", () => {
  it.each(table)("%j leaves out %j as a %s: %s", (...row) => {
    const [pattern, path, kind, expected] = row;
    expect(compileExcludes([pattern])(path, kind)).toBe(expected);
  });

  it.each(["!keep", "", "/", "../x", "a//b", "a/./b"])("refuses %j as bad input", (pattern) => {
    expect(() => compileExcludes(["ok", pattern])).toThrow(
      expect.objectContaining({ code: "BAD_INPUT", path: ["artifact", "exclude", 1] }),
    );
  });
});
