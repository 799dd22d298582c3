import { access, constants, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { type AppSpec, HitlessError } from "@hitless/core";
import type { LoadedAppFile } from "./app-file/read-app-file.ts";
import { located } from "./located.ts";
import type { Place } from "./place.ts";

/** What a shell runs without looking in PATH. */
const builtins = new Set([
  ".",
  ":",
  "cd",
  "command",
  "eval",
  "exec",
  "exit",
  "export",
  "if",
  "set",
  "test",
  "trap",
  "ulimit",
  "umask",
  "while",
]);

/**
 * Checks of the app file that need the machine: the command, the folder, the secrets. Changes
 * nothing. Throws COMMAND_NOT_FOUND, FILE_NOT_FOUND or SECRET_MISSING at its place in the file.
 */
export async function preflight(place: Place, file: LoadedAppFile): Promise<void> {
  const { spec } = file;
  await folderExists(place, file);
  const word = firstWord(spec.content.run.command);
  if (word !== null && !(await isCommand(word, workFolder(place, spec)))) {
    throw located(
      file,
      new HitlessError(
        "COMMAND_NOT_FOUND",
        `run is ${JSON.stringify(spec.content.run.command)}, but ${word} is not a command in PATH`,
        {
          path: ["run"],
          next: "Install it, or write the path to it.",
        },
      ),
    );
  }
  for (const [index, name] of spec.content.secrets.entries()) {
    if (process.env[name] !== undefined) continue;
    throw located(
      file,
      new HitlessError("SECRET_MISSING", `secret ${name} has no value`, {
        path: ["secrets", index],
        next: `Set ${name} in the environment of the controller.`,
      }),
    );
  }
}

/** Whether clients' port is free. Throws PORT_TAKEN at its place in the file when it is not. */
export async function portIsFree(file: LoadedAppFile): Promise<void> {
  const { host, port } = file.spec.settings;
  const taken = await new Promise<NodeJS.ErrnoException | null>((done) => {
    const server = createServer();
    server.once("error", done);
    server.listen({ host, port }, () => server.close(() => done(null)));
  });
  if (taken === null) return;
  const reason =
    taken.code === "EADDRINUSE" ? "is held by another process" : `cannot be used: ${taken.message}`;
  throw located(
    file,
    new HitlessError("PORT_TAKEN", `port is ${port}, but ${host}:${port} ${reason}`, {
      path: ["port"],
      next: "Stop that process, or choose another port.",
      cause: taken,
    }),
  );
}

async function folderExists(place: Place, file: LoadedAppFile): Promise<void> {
  const { artifact } = file.spec;
  if (artifact.kind === "none") return;
  const dir = resolve(place.appDir, artifact.dir);
  const found = await stat(dir).catch(() => null);
  if (found?.isDirectory()) return;
  throw located(
    file,
    new HitlessError(
      "FILE_NOT_FOUND",
      `artifact.dir is ${JSON.stringify(artifact.dir)}, but ${dir} is not a folder`,
      {
        path: ["artifact", "dir"],
      },
    ),
  );
}

function workFolder(place: Place, spec: AppSpec): string {
  const root = spec.artifact.kind === "none" ? "." : spec.artifact.dir;
  return resolve(place.appDir, root, spec.content.run.cwd);
}

/** The command's name when it can be known without a shell; null when only a shell can tell. */
function firstWord(command: string | readonly string[]): string | null {
  if (typeof command !== "string") return command[0]?.includes("$") ? null : (command[0] ?? null);
  const word = /^\s*([\w./+-]+)(?=\s|$)/.exec(command)?.[1];
  return word === undefined || builtins.has(word) ? null : word;
}

async function isCommand(word: string, cwd: string): Promise<boolean> {
  if (isAbsolute(word) || word.includes("/")) return isExecutable(resolve(cwd, word));
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
  const found = await Promise.all(folders.map((dir) => isExecutable(join(dir, word))));
  return found.includes(true);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
