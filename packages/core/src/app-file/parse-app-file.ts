import type { AppFileProblem } from "./app-file-problem.ts";
import { type AppSpec, appSpecOf } from "./app-spec.ts";
import { crossProblems } from "./cross-rules.ts";
import { inFileOrder } from "./file-order.ts";
import { issueToProblems } from "./issue-to-problems.ts";
import { appFileSchema } from "./schema.ts";

/** What became of an app file: what it declares, or everything that is wrong with it. */
export type ParsedAppFile =
  | { readonly kind: "ok"; readonly spec: AppSpec }
  | { readonly kind: "problems"; readonly problems: readonly AppFileProblem[] };

/**
 * Reads an app file that has been decoded (from YAML or JSON). Throws nothing and changes nothing:
 * all problems are returned, in the order of the file as far as an object keeps it (keys such as `1` come first).
 */
export function parseAppFile(raw: unknown): ParsedAppFile {
  const parsed = appFileSchema.safeParse(raw);
  const issues = parsed.error?.issues ?? [];
  const problems = [
    ...issues.flatMap((issue) => issueToProblems(raw, issue)),
    ...crossProblems(raw),
  ];
  if (parsed.success && problems.length === 0) return { kind: "ok", spec: appSpecOf(parsed.data) };
  return { kind: "problems", problems: inFileOrder(raw, withoutEchoes(withoutRepeats(problems))) };
}

/** One wrong value may break several checks of the same key. */
function withoutRepeats(problems: readonly AppFileProblem[]): readonly AppFileProblem[] {
  const told = new Map(
    problems.map((problem) => [JSON.stringify([problem.path, problem.message]), problem]),
  );
  return [...told.values()];
}

/** A mapping that lacks something, and has a key that nobody knows: the key is the mistake. */
function withoutEchoes(problems: readonly AppFileProblem[]): readonly AppFileProblem[] {
  const withBadKey = new Set(
    problems.filter(({ at }) => at === "key").map(({ path }) => JSON.stringify(path.slice(0, -1))),
  );
  return problems.filter(
    ({ at, path }) => at === "key" || path.length === 0 || !withBadKey.has(JSON.stringify(path)),
  );
}
