import { type ChildProcess, spawn } from "node:child_process";
import { messageOf, type Sample } from "@hitless/core";
import { LastLine } from "../hooks/last-line.ts";
import { excerpt } from "./ask.ts";
import { noData, numberOf } from "./number-of.ts";

/** A command that writes one number. */
export interface CommandValue {
  /** A string is run by the shell, a list as it is. */
  readonly command: string | readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const mostBytes = 64 * 1024;
/** What was written last may still be in the pipe when its writer has ended, ms. */
const drainMs = 500;

/**
 * Beside the command waits one that ends the whole group when standard input closes: so a command
 * does not outlive its controller, however that dies.
 */
const guarded =
  'exec 3<&0 </dev/null; (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-';

/**
 * Runs a command in a process group of its own. Exit code 0 with one number on standard output is a
 * value. When it ends, or `signal` aborts, all that is left of its group is killed. Never throws.
 */
export async function commandValue(order: CommandValue, signal: AbortSignal): Promise<Sample> {
  if (signal.aborted) return noData("it was interrupted");
  const { command, cwd, env } = order;
  const argv = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const child = spawn("/bin/sh", ["-c", guarded, "sh", ...argv], {
    cwd,
    env: { ...env },
    detached: true,
    stdio: "pipe",
  });
  const said = outputOf(child);
  const kill = () => killGroup(child);
  signal.addEventListener("abort", kill, { once: true });
  try {
    const end = await endOf(child);
    const line = said.errors.text;
    if (end !== "exit 0") return noData(line === "" ? end : `${end}: ${line}`);
    return valueIn(said.output());
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    for (const stream of child.stdio) stream?.destroy();
  }
}

function valueIn(output: string | null): Sample {
  if (output === null) return noData(`more than ${mostBytes / 1024} KB on standard output`);
  const text = output.trim();
  if (text === "") return noData("nothing on standard output");
  const value = numberOf(text);
  return value === null
    ? noData(`no number on standard output: ${excerpt(text)}`)
    : { kind: "value", value };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`it cannot be started: ${messageOf(error)}`));
    child.once("exit", (code, name) => {
      const end = name === null ? `exit ${code}` : `ended by ${name}`;
      // What it left behind would hold its output open.
      killGroup(child);
      const timer = setTimeout(() => resolve(end), drainMs);
      child.once("close", () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}

function outputOf(child: ChildProcess) {
  const errors = new LastLine();
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stderr?.on("data", (chunk: Buffer) => errors.add(chunk));
  child.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
  });
  // It may end before anybody reads from it.
  child.stdin?.on("error", () => undefined);
  const output = () => (bytes > mostBytes ? null : Buffer.concat(chunks).toString("utf8"));
  return { errors, output };
}

/** The group's number is given to no other while the one that waits in it is there. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}
