import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";

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

/** The command's name when it can be known without a shell; null when only a shell can tell. */
export function firstWord(command: string | readonly string[]): string | null {
  if (typeof command !== "string") return command[0]?.includes("$") ? null : (command[0] ?? null);
  const word = /^\s*([\w./+-]+)(?=\s|$)/.exec(command)?.[1];
  return word === undefined || builtins.has(word) ? null : word;
}

/** Whether that name is in PATH, or that path, seen from `cwd`, can be run. */
export async function isCommand(word: string, cwd: string): Promise<boolean> {
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
