import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type Exit, HitlessError, messageOf } from "@hitless/core";
import { commandLine, inheritedEnvironment } from "./process-environment.ts";
import { identify, type ProcessIdentity } from "./process-identity.ts";
import { findAccount, type UserAccount } from "./user-account.ts";

export interface SpawnOptions {
  /** A string is run by `/bin/sh -c`; in a list `$NAME` is expanded from the environment. */
  readonly command: string | readonly string[];
  readonly cwd: string;
  /** Added to, and stronger than, the few variables that are inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** A name or number of /etc/passwd; null: the controller's own. */
  readonly user: string | null;
  /** Standard output and error are appended to it; it and its folder are made when missing. */
  readonly logFile: string;
}

export interface SpawnedProcess {
  /** Null when it could not be started: `exited` says why. */
  readonly identity: ProcessIdentity | null;
  /** Never rejects. */
  readonly exited: Promise<Exit>;
}

/**
 * Starts a process that leads its own session and outlives this one. Nothing but its log file
 * and /dev/null connects them, and waiting for it does not keep this process alive. A command that
 * cannot be started is a result (`notStarted`), not an exception.
 */
export function spawnProcess(options: SpawnOptions): SpawnedProcess {
  try {
    return startDetached(options);
  } catch (error) {
    return { identity: null, exited: Promise.resolve(notStarted(options, error)) };
  }
}

function startDetached(options: SpawnOptions): SpawnedProcess {
  const account = options.user === null ? null : findAccount(options.user);
  mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(options.logFile, "a", 0o600);
  try {
    const env = { ...inheritedEnvironment(), ...homeOf(account), ...options.env };
    const [program, args] = commandLine(options.command, env);
    const child = spawn(program, args, {
      cwd: options.cwd,
      env,
      detached: true,
      stdio: ["ignore", log, log],
      ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    });
    const exited = exitOf(child, options);
    child.unref();
    return { identity: child.pid === undefined ? null : identify(child.pid), exited };
  } finally {
    closeSync(log);
  }
}

/** What changes in the environment of a process that runs as another user. */
export function homeOf(account: UserAccount | null): Readonly<Record<string, string>> {
  if (account === null) return {};
  return { HOME: account.home, USER: account.name, LOGNAME: account.name };
}

function exitOf(child: ChildProcess, options: SpawnOptions): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(notStarted(options, error)));
    child.once("exit", (code, signal) => {
      const at = Date.now();
      resolve(
        signal === null ? { kind: "code", code: code ?? 0, at } : { kind: "signal", signal, at },
      );
    });
  });
}

function notStarted(options: SpawnOptions, error: unknown): Exit {
  return { kind: "notStarted", error: whyNotStarted(options, error), at: Date.now() };
}

function whyNotStarted({ command, cwd, env }: SpawnOptions, error: unknown): string {
  if (error instanceof HitlessError) return error.message;
  const [program] = commandLine(command, env);
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (!existsSync(cwd)) return `cannot start "${program}": its folder ${cwd} does not exist`;
  if (code === "ENOENT") return `cannot start "${program}": no such command in PATH`;
  if (code === "EACCES") return `cannot start "${program}": it is not executable`;
  return `cannot start "${program}": ${messageOf(error)}`;
}
