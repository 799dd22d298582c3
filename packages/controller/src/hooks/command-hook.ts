import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as after } from "node:timers/promises";
import { type HookResult, messageOf } from "@hitless/core";
import type { HookMachine, Leader } from "./hook-machine.ts";
import { LastLine } from "./last-line.ts";

/** A command of a hook, with all that it is run with. */
export interface CommandHook {
  readonly command: string | readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly machine: HookMachine;
  /** Notes the process, durably; it does nothing before that. */
  readonly note: (leader: Leader) => Promise<void>;
}

/**
 * Waits for a word of its controller, and does nothing when that dies first: so no process of a
 * hook ever runs that is not noted. `exec` keeps the identity that was noted.
 */
const gate = 'read -r word && exec "$@" </dev/null';

/** What was written last may still be in the pipe when its writer has ended, ms. */
const drainMs = 500;
const firstLookMs = 20;
const longestLookMs = 1000;
/** A process that is killed ends at once, unless the kernel is busy with it, ms. */
const endsWithinMs = 10_000;

/**
 * Runs a command in a session of its own. Exit code 0 is success. When it ends, or `signal` aborts,
 * all that is left of its group is killed. Resolves when nothing of it runs any more.
 */
export async function runCommand(hook: CommandHook, signal: AbortSignal): Promise<HookResult> {
  const { machine, command, cwd } = hook;
  const env = { ...machine.environment(), ...hook.env };
  const [program, args] = machine.commandLine(command, env);
  const child = spawn("/bin/sh", ["-c", gate, "hitless-hook", program, ...args], {
    cwd,
    env,
    detached: true,
    stdio: "pipe",
  });
  const ended = endOf(child);
  const said = lastLineOf(child);
  const leader = child.pid === undefined ? null : machine.identify(child.pid);
  if (leader === null) return failed(`cannot be started: ${await ended}`);
  const kill = () => machine.signalGroup(leader, "SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  try {
    await hook.note(leader);
    // Aborted meanwhile, it is dead already, or ends with this.
    child.stdin.end(signal.aborted ? "" : "go\n");
    const end = await ended;
    return end === "exit 0" && !signal.aborted
      ? { outcome: "done", detail: said.text }
      : failed(withLine(end, said.text));
  } catch (thrown) {
    return failed(`cannot be noted: ${messageOf(thrown)}`);
  } finally {
    signal.removeEventListener("abort", kill);
    await endGroup(machine, leader, AbortSignal.timeout(endsWithinMs));
    for (const stream of child.stdio) stream?.destroy();
  }
}

/** Kills all that is left of a group; resolves when it is empty, or `signal` aborts: then false. */
export async function endGroup(
  machine: HookMachine,
  leader: Leader,
  signal: AbortSignal,
): Promise<boolean> {
  for (let lookMs = firstLookMs; !machine.isGroupEmpty(leader); lookMs *= 2) {
    if (signal.aborted) return false;
    machine.signalGroup(leader, "SIGKILL");
    await after(Math.min(lookMs, longestLookMs), null, { ref: false });
  }
  return true;
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(messageOf(error)));
    child.once("exit", (code, name) => {
      const end = name === null ? `exit ${code}` : `ended by ${name}`;
      // Not when somebody else holds its output open: what left the group may do so for ever.
      const timer = setTimeout(() => resolve(end), drainMs);
      child.once("close", () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}

function lastLineOf(child: ChildProcess): LastLine {
  const line = new LastLine();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => line.add(chunk));
  }
  // It may end before it has read the word.
  child.stdin?.on("error", () => undefined);
  return line;
}

function withLine(end: string, line: string): string {
  return line === "" ? end : `${end}: ${line}`;
}

function failed(detail: string): HookResult {
  return { outcome: "failed", detail };
}
