export type { AppFileProblem } from "./app-file-problem.ts";
export { type AppSpec, secretsNamedIn } from "./app-spec.ts";
export { applyOverrides, overridePath } from "./apply-overrides.ts";
export type { ArtifactSpec } from "./artifact-schema.ts";
export { type JsonPath, parseJsonPath } from "./json-path.ts";
export { nearestKey, nearestKeys } from "./nearest-key.ts";
export { type ParsedAppFile, parseAppFile } from "./parse-app-file.ts";
export { writtenSettings } from "./written-settings.ts";
