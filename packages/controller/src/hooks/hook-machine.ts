import type { HookNotes } from "@hitless/core";

/** Names the leader of a process group for ever: a pid alone is given away again. */
export type Leader = HookNotes[number]["leader"];

/** What the machine knows of processes. */
export interface HookMachine {
  /** Variables that every command gets. */
  environment(): Readonly<Record<string, string>>;
  /** The program and its arguments: a string is run by the shell, a list as it is. */
  commandLine(
    command: string | readonly string[],
    env: Readonly<Record<string, string>>,
  ): readonly [program: string, args: readonly string[]];
  /** Null when no process has that id. */
  identify(pid: number): Leader | null;
  /** Sends the signal to all that is left of the group. */
  signalGroup(leader: Leader, signal: NodeJS.Signals): void;
  isGroupEmpty(leader: Leader): boolean;
}
