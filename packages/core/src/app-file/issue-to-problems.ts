import { z } from "zod";
import type { AppFileProblem } from "./app-file-problem.ts";
import { readExpectation } from "./expectation.ts";
import { nearestKey } from "./nearest-key.ts";
import { insteadOf } from "./reserved-keys.ts";
import { appFileSchema } from "./schema.ts";
import { knownKeysAt, sectionsWith } from "./schema-walk.ts";
import { showPath, showValue } from "./show-value.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

const keyParams = z.object({ kind: z.literal("key") });

/** Says a zod issue in the words of the app file. One issue may hold several unknown keys. */
export function issueToProblems(raw: unknown, issue: Issue): readonly AppFileProblem[] {
  const path = pathOf(issue);
  if (issue.code === "unrecognized_keys") {
    const { hint } = readExpectation(issue.message);
    return issue.keys.map((key) => unknownKey(path, key, hint));
  }
  const meant = issue.code === "invalid_union" ? branchMeant(issue) : undefined;
  if (meant === undefined) return [wrongValue(raw, issue)];
  return meant.flatMap((inner) =>
    issueToProblems(raw, { ...inner, path: [...issue.path, ...inner.path] }),
  );
}

/** The one form of a key whose type fitted and whose inside did not. */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  const fitting = issue.errors.filter((branch) =>
    branch.every(
      ({ path, code }) => path.length > 0 || code === "unrecognized_keys" || code === "custom",
    ),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function unknownKey(parent: Path, key: string, hint: string | undefined): AppFileProblem {
  const path = [...parent, key];
  const name = showPath(path);
  const instead = insteadOf(name);
  if (instead !== undefined) {
    return { path, message: `${name} is not in this version yet`, next: instead, at: "key" };
  }
  const near = nearestKey(key, knownKeysAt(appFileSchema, parent));
  const next =
    near === null ? (hint ?? suggestion(parent, key)) : `did you mean ${JSON.stringify(near)}?`;
  return { path, message: `${name} is not a known key`, next, at: "key" };
}

function suggestion(parent: Path, key: string): string {
  const known = knownKeysAt(appFileSchema, parent);
  const [place] = parent.length === 0 ? sectionsWith(appFileSchema, key) : [];
  if (place !== undefined) return `it belongs in ${place}`;
  if (known.length === 0) return `${showPath(parent)} takes no keys`;
  return `the keys known ${parent.length === 0 ? "here" : `in ${showPath(parent)}`} are ${known.join(", ")}`;
}

function wrongValue(raw: unknown, issue: Issue): AppFileProblem {
  const path = pathOf(issue);
  const { be, hint } = readExpectation(issue.message);
  const isKey = issue.code === "custom" && keyParams.safeParse(issue.params).success;
  const rest = hint === undefined ? {} : { next: hint };
  return {
    path,
    message: `${subject(raw, path, isKey)}; it must be ${be}`,
    ...rest,
    at: isKey ? "key" : "value",
  };
}

function subject(raw: unknown, path: Path, isKey: boolean): string {
  const name = path.length === 0 ? "the app file" : showPath(path);
  if (isKey) return `${name} cannot be used`;
  const found = lookUp(raw, path);
  if (found.kind === "absent") return `${name} is missing`;
  return `${name} is ${showValue(withoutSecret(path, found.value))}`;
}

/** Somebody may have written `NAME=value`, or a password in an address: neither must reach a log. */
function withoutSecret(path: Path, value: unknown): unknown {
  if (typeof value !== "string") return value;
  const named = path[0] === "secrets" || path.at(-1) === "secret";
  const bare = named ? value.replace(/=.*$/su, "=…") : value;
  return bare.replace(/(?<=:[\\/]*)[^:\\/?#][^\\/?#]*@/u, "…@");
}

type Found = { readonly kind: "found"; readonly value: unknown } | { readonly kind: "absent" };

function lookUp(raw: unknown, path: Path): Found {
  return path.reduce<Found>(
    (found, step) => {
      if (found.kind === "absent" || typeof found.value !== "object" || found.value === null) {
        return { kind: "absent" };
      }
      const own = Object.getOwnPropertyDescriptor(found.value, step);
      return own === undefined ? { kind: "absent" } : { kind: "found", value: own.value };
    },
    { kind: "found", value: raw },
  );
}

function pathOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === "number" ? step : String(step)));
}
