import { relative } from "node:path";
import { HitlessError } from "@hitless/core";
import { parseYaml } from "./app-file/parse-yaml.ts";
import { positionOf } from "./app-file/position.ts";
import type { LoadedAppFile } from "./app-file/read-app-file.ts";

/** The error with `file:line:column` of its path in front; unchanged when it has no path. */
export function located(file: LoadedAppFile, error: HitlessError): HitlessError {
  if (error.path === undefined) return error;
  const label = relative(process.cwd(), file.path) || file.path;
  const at = positionOf(parseYaml(file.text, label), { path: error.path, at: "value" });
  return new HitlessError(error.code, `${label}:${at.line}:${at.column}: ${error.message}`, {
    path: error.path,
    cause: error.cause,
    ...(error.next === undefined ? {} : { next: error.next }),
  });
}
