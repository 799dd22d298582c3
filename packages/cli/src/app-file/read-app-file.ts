import { isAbsolute, relative, resolve } from "node:path";
import {
  type AppFileProblem,
  type AppSpec,
  applyOverrides,
  HitlessError,
  overridePath,
  parseAppFile,
} from "@hitless/core";
import { readAppFileText } from "./app-file-text.ts";
import { type ParsedYaml, parseYaml } from "./parse-yaml.ts";
import { type Position, positionOf } from "./position.ts";

/** An app file, read and found good. */
export interface LoadedAppFile {
  /** Absolute. Paths in the spec are relative to its folder. */
  readonly path: string;
  readonly spec: AppSpec;
  /** The decoded file with the overrides in it. */
  readonly raw: unknown;
  /** The file as it is on disk. */
  readonly text: string;
}

/** `--set` values by their path into the file, `config.LOG_LEVEL`. */
export type Overrides = Readonly<Record<string, string>>;

/**
 * Reads an app file with `--set` values put in. Throws `FILE_NOT_FOUND`, or one `BAD_INPUT` whose
 * message has a line per problem: `hitless.yaml:12:7: replicas is "four"; it must be …`.
 */
export async function readAppFile(path: string, overrides: Overrides = {}): Promise<LoadedAppFile> {
  const absolute = resolve(path);
  const label = labelOf(absolute);
  const text = await readAppFileText(absolute, label);
  const yaml = parseYaml(text, label);
  if (yaml.value === null) throw emptyFile(label);
  const raw = applyOverrides(yaml.value, overrides);
  const parsed = parseAppFile(raw);
  if (parsed.kind === "ok") return { path: absolute, spec: parsed.spec, raw, text };
  throw badAppFile(parsed.problems, { yaml, label, overrides });
}

interface Reader {
  readonly yaml: ParsedYaml;
  readonly label: string;
  readonly overrides: Overrides;
}

function badAppFile(problems: readonly AppFileProblem[], reader: Reader): HitlessError {
  const told = problems
    .map((problem) => ({ place: placeOf(problem, reader), sentence: sentenceOf(problem) }))
    .sort((a, b) => compare(a.place, b.place))
    .map(({ place, sentence }) => `${placeText(place, reader.label)}: ${sentence}`);
  const [first] = problems;
  return new HitlessError("BAD_INPUT", told.join("\n"), {
    next: "see docs/app-file.md for every key",
    ...(first === undefined ? {} : { path: first.path }),
  });
}

type ProblemPlace =
  | { readonly kind: "file"; readonly position: Position }
  | { readonly kind: "override"; readonly key: string };

function placeOf(problem: AppFileProblem, reader: Reader): ProblemPlace {
  const key = overrideBehind(problem, reader);
  if (key !== undefined) return { kind: "override", key };
  return { kind: "file", position: positionOf(reader.yaml, problem) };
}

/** The file from top to bottom, then the overrides. */
function compare(a: ProblemPlace, b: ProblemPlace): number {
  if (a.kind === "override" || b.kind === "override") {
    return Number(a.kind === "override") - Number(b.kind === "override");
  }
  return a.position.line - b.position.line || a.position.column - b.position.column;
}

function placeText(place: ProblemPlace, label: string): string {
  if (place.kind === "override") return `--set ${place.key}`;
  return `${label}:${place.position.line}:${place.position.column}`;
}

/** The override that touches the problem's path, when the file alone does not have the problem. */
function overrideBehind(problem: AppFileProblem, { yaml, overrides }: Reader): string | undefined {
  const related = Object.keys(overrides).findLast((key) =>
    touches(overridePath(key), problem.path),
  );
  if (related === undefined) return undefined;
  const alone = parseAppFile(yaml.value);
  const isInFile =
    alone.kind === "problems" && alone.problems.some(({ message }) => message === problem.message);
  return isInFile ? undefined : related;
}

function touches(set: readonly string[], path: AppFileProblem["path"]): boolean {
  const shared = Math.min(set.length, path.length);
  return set.slice(0, shared).every((step, index) => step === String(path[index]));
}

function sentenceOf({ message, next }: AppFileProblem): string {
  return next === undefined ? message : `${message}; ${next}`;
}

/** As the reader of the message would name it: relative when inside the current folder. */
function labelOf(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}

function emptyFile(label: string): HitlessError {
  return new HitlessError("BAD_INPUT", `${label}:1:1: the app file is empty`, {
    next: "it needs name, run and probes.readiness; see docs/app-file.md",
  });
}
