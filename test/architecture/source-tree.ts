import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Token, tokensOf } from "./tokens.ts";

export interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** The folder below `packages/`; null: outside the packages. */
  readonly workspace: string | null;
  readonly isTest: boolean;
  readonly lines: number;
  readonly tokens: readonly Token[];
}

export interface SourceTree {
  readonly root: string;
  readonly workspaces: readonly string[];
  readonly files: readonly SourceFile[];
}

const sourceFolders = ["proofs", "benchmarks", "examples", "scripts", "test"];
const sourceName = /\.(?:ts|tsx|mts|cts|js|mjs|cjs)$/;
const skipped = new Set(["node_modules", "dist", ".hitless"]);

/** Reads every source of the repository at `root` that exists today. */
export function readSourceTree(root: string): SourceTree {
  const workspaces = namesIn(join(root, "packages"));
  const folders = [...workspaces.map((name) => `packages/${name}/src`), ...sourceFolders];
  const paths = folders.flatMap((folder) => filesBelow(join(root, folder)));
  return { root, workspaces, files: paths.map((path) => readSource(root, path)) };
}

function readSource(root: string, absolute: string): SourceFile {
  const path = relative(root, absolute);
  const source = readFileSync(absolute, "utf8");
  return {
    path,
    workspace: /^packages\/([^/]+)\//.exec(path)?.[1] ?? null,
    isTest: /^test\/|^packages\/app\/src\/testing\/|\.test\.\w+$/.test(path),
    lines: source.split("\n").length - (source.endsWith("\n") ? 1 : 0),
    tokens: tokensOf(source),
  };
}

function namesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() && sourceName.test(entry.name) ? [path] : [];
  });
}
