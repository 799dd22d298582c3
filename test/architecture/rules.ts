import { allErrorCodes, exitCodeOf } from "@hitless/core";
import { refusedErrorDocs } from "./error-docs.ts";
import { maxLines, strategyFree } from "./house.ts";
import { refusedImports } from "./imports.ts";
import { refusedDependencies } from "./manifests.ts";
import { readSourceTree, type SourceFile, type SourceTree } from "./source-tree.ts";
import { strategyNamesIn } from "./strategy-names.ts";

/** Something in the tree that the house does not allow. */
export interface Violation {
  readonly rule: RuleName;
  /** Relative to the root, with the line where there is one: `packages/core/src/x.ts:3`. */
  readonly where: string;
  readonly message: string;
}

const rules = {
  /** A manifest declares what the house does not allow. */
  dependency: dependencies,
  /** A source names a package, or a part of Node, that it may not use. */
  import: imports,
  /** An engine, the proxy or the controller names a strategy. */
  strategyName: strategyNames,
  /** A package that holds no source. */
  emptyPackage: emptyPackages,
  /** A source longer than anyone reads in one go. */
  length: lengths,
  /** `docs/errors.md` and the error codes differ. */
  errorDocs: errorDocs,
} as const;

export type RuleName = keyof typeof rules;

export const allRules: readonly RuleName[] = [
  "dependency",
  "import",
  "strategyName",
  "emptyPackage",
  "length",
  "errorDocs",
];

/** Everything in the repository at `root` that breaks a rule of the house. */
export function violationsIn(root: string): readonly Violation[] {
  const tree = readSourceTree(root);
  return allRules.flatMap((rule) => rules[rule](tree).map((found) => ({ rule, ...found })));
}

type Found = Omit<Violation, "rule">;

function dependencies({ root, workspaces }: SourceTree): readonly Found[] {
  return workspaces.flatMap((workspace) =>
    refusedDependencies(root, workspace).map((message) => ({
      where: `packages/${workspace}/package.json`,
      message,
    })),
  );
}

function imports({ files }: SourceTree): readonly Found[] {
  return files.flatMap((file) =>
    refusedImports(file).map(({ token, message }) => ({
      where: `${file.path}:${token.line}`,
      message: `${message} ("${token.text}")`,
    })),
  );
}

function strategyNames({ files }: SourceTree): readonly Found[] {
  const bound = files.filter(({ workspace, isTest }) => isBound(workspace) && !isTest);
  return bound.flatMap((file) =>
    strategyNamesIn(file.tokens).map((token) => ({
      where: `${file.path}:${token.line}`,
      message: `${file.workspace} must not know the strategy ${token.text}: switch on a capability or a waypoint`,
    })),
  );
}

function isBound(workspace: string | null): boolean {
  return workspace !== null && strategyFree.includes(workspace);
}

function emptyPackages({ workspaces, files }: SourceTree): readonly Found[] {
  const holding = new Set(files.map((file) => file.workspace));
  const empty = workspaces.filter((workspace) => !holding.has(workspace));
  return empty.map((workspace) => ({
    where: `packages/${workspace}/src`,
    message: "no package before it has something to do",
  }));
}

function lengths({ files }: SourceTree): readonly Found[] {
  const long = files.filter((file) => !file.isTest && file.lines > maxLines);
  return long.map((file: SourceFile) => ({
    where: file.path,
    message: `${file.lines} lines; at most ${maxLines}`,
  }));
}

function errorDocs({ root }: SourceTree): readonly Found[] {
  const registry = { codes: allErrorCodes, exitCodeOf };
  return refusedErrorDocs(root, registry).map((message) => ({ where: "docs/errors.md", message }));
}
