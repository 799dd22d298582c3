import { type ChildProcess, spawn } from "node:child_process";
import { commandLine, inheritedEnvironment } from "../processes/process-environment.ts";
import { signalGroup } from "../processes/process-group.ts";
import { identify } from "../processes/process-identity.ts";
import { homeOf } from "../processes/spawn-process.ts";
import { execMark } from "../processes/strays.ts";
import { findAccount } from "../processes/user-account.ts";
import { firstAnswer, type ProbeLimits, type ProbeResult, quote } from "./probe-result.ts";

/** A command that runs as the replica does: its folder, environment and user. */
export interface ExecTarget {
  /** `$NAME` is expanded from the environment. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | null;
}

/**
 * Success is exit code 0 (Kubernetes `exec`). The command has a session of its own; when it ends or
 * its time is over, everything that is left in that session is killed.
 */
export async function exec(target: ExecTarget, limits: ProbeLimits): Promise<ProbeResult> {
  const result = await firstAnswer(limits, (answer) => begin(target, answer));
  return { ok: result.ok, evidence: `${target.command.join(" ")} → ${result.evidence}` };
}

function begin(target: ExecTarget, answer: (result: ProbeResult) => void): () => void {
  const account = target.user === null ? null : findAccount(target.user);
  const env = { ...inheritedEnvironment(), ...homeOf(account), ...target.env, [execMark]: "1" };
  const [program, args] = commandLine(target.command, env);
  const child = spawn(program, args, {
    cwd: target.cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  });
  const identity = child.pid === undefined ? null : identify(child.pid);
  const said = outputOf(child);
  child.on("error", (error) => answer({ ok: false, evidence: error.message }));
  child.once("exit", (code, signal) => {
    answer({ ok: code === 0, evidence: `${ending(code, signal)}${quote(said())}` });
  });
  return () => {
    if (identity !== null) signalGroup(identity, "SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

function ending(code: number | null, signal: string | null): string {
  return signal === null ? `exit ${code}` : `ended by ${signal}`;
}

const keptBytes = 1024;

function outputOf(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      if (text.length < keptBytes) text += chunk.toString("utf8", 0, keptBytes);
    });
  }
  return () => text;
}
