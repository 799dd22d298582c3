import { access, constants, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type AppSpec, HitlessError, secretsNamedIn } from "@hitless/core";
import { findAccount } from "@hitless/local";
import type { LoadedAppFile } from "../app-file/read-app-file.ts";
import { located } from "../located.ts";
import type { Place } from "../place.ts";
import { firstWord, isCommand } from "./command-word.ts";

/**
 * Checks of the app file that need the machine: folders, files, the user, the command. Changes
 * nothing. Throws FILE_NOT_FOUND, BAD_INPUT or COMMAND_NOT_FOUND at its place in the file.
 */
export async function preflight(place: Place, file: LoadedAppFile): Promise<void> {
  try {
    await artifactExists(place, file.spec);
    await envFileIsReadable(place, file.spec);
    userExists(file.spec);
    await commandExists(place, file.spec);
    await metricCommandsExist(place, file.spec);
  } catch (thrown) {
    throw located(file, HitlessError.from(thrown));
  }
}

/**
 * Whether every secret has a value in this environment, for a controller that will be started with
 * it. Throws SECRET_MISSING at its place in the file.
 */
export function secretsAreSet(file: LoadedAppFile): void {
  const missing = secretsNamedIn(file.spec).find(({ name }) => process.env[name] === undefined);
  if (missing === undefined) return;
  const { name, path } = missing;
  throw located(
    file,
    new HitlessError("SECRET_MISSING", `secret ${name} has no value`, {
      path,
      next: `Set ${name} in the environment of the controller.`,
    }),
  );
}

async function artifactExists(place: Place, spec: AppSpec): Promise<void> {
  const { artifact, content } = spec;
  if (artifact.kind !== "none" && !(await isFolder(resolve(place.appDir, artifact.dir)))) {
    const dir = resolve(place.appDir, artifact.dir);
    throw missingFolder(["artifact", "dir"], artifact.dir, dir);
  }
  const cwd = workFolder(place, spec);
  if (!(await isFolder(cwd))) throw missingFolder(["cwd"], content.run.cwd, cwd);
}

function missingFolder(path: readonly string[], value: string, dir: string): HitlessError {
  const said = `${path.join(".")} is ${JSON.stringify(value)}, but ${dir} is not a folder`;
  return new HitlessError("FILE_NOT_FOUND", said, {
    path,
    next: "Make it first (a build that has not run yet?), or correct the path.",
  });
}

async function envFileIsReadable(place: Place, { envFile }: AppSpec): Promise<void> {
  if (envFile === null) return;
  const path = resolve(place.appDir, envFile);
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (readable) return;
  const said = `envFile is ${JSON.stringify(envFile)}, but ${path} cannot be read`;
  throw new HitlessError("FILE_NOT_FOUND", said, {
    path: ["envFile"],
    next: "Write that file, or correct the path.",
  });
}

function userExists({ content }: AppSpec): void {
  if (content.run.user !== null) findAccount(content.run.user);
}

async function commandExists(place: Place, spec: AppSpec): Promise<void> {
  const { command } = spec.content.run;
  const folder = workFolder(place, spec);
  await canBeRun({ command, folder, path: ["run"], seenFrom: "cwd" });
}

/** Those are no part of a revision. */
async function metricCommandsExist({ appDir }: Place, { settings }: AppSpec): Promise<void> {
  for (const [index, { source }] of (settings.analysis ?? []).entries()) {
    if (source.kind !== "command") continue;
    const path = ["analysis", index, "command"];
    const seenFrom = "the folder of the app file";
    await canBeRun({ command: source.command, folder: appDir, path, seenFrom });
  }
}

interface WrittenCommand {
  readonly command: string | readonly string[];
  readonly folder: string;
  readonly path: readonly (string | number)[];
  /** What the folder is called. */
  readonly seenFrom: string;
}

async function canBeRun({ command, folder, path, seenFrom }: WrittenCommand): Promise<void> {
  const word = firstWord(command);
  if (word === null || (await isCommand(word, folder))) return;
  const isPath = word.includes("/");
  const lacks = isPath
    ? `${resolve(folder, word)} is not a file that may be executed`
    : `${word} is not a command in PATH`;
  const key = path.at(-1);
  throw new HitlessError(
    "COMMAND_NOT_FOUND",
    `${key} is ${JSON.stringify(command)}, but ${lacks}`,
    {
      path,
      next: isPath
        ? `Build it, make it executable (chmod +x), or correct the path; it is seen from ${seenFrom}.`
        : "Install it, or write the path to it.",
    },
  );
}

function workFolder(place: Place, spec: AppSpec): string {
  const root = spec.artifact.kind === "none" ? "." : spec.artifact.dir;
  return resolve(place.appDir, root, spec.content.run.cwd);
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isDirectory() ?? false;
}
