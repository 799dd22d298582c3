import { messageOf, type ProbeCheck } from "@hitless/core";
import { type ExecTarget, exec } from "./exec.ts";
import { httpGet } from "./http-get.ts";
import type { ProbeLimits, ProbeResult } from "./probe-result.ts";
import { tcpSocket } from "./tcp-socket.ts";

/** Whom a check asks. */
export interface ProbeTarget {
  /** For checks that name none. */
  readonly port: number;
  /** How to run a command as this replica. Rejects when its environment cannot be made. */
  readonly execTarget: (command: readonly string[]) => Promise<ExecTarget>;
}

/** Asks once, in the way the check says. Never rejects. */
export async function askProbe(
  check: ProbeCheck,
  target: ProbeTarget,
  limits: ProbeLimits,
): Promise<ProbeResult> {
  switch (check.kind) {
    case "httpGet":
      return httpGet({ ...check, port: check.port ?? target.port }, limits);
    case "tcpSocket":
      return tcpSocket(check.port ?? target.port, limits);
    case "exec":
      return askByCommand(check.command, target, limits);
  }
}

async function askByCommand(
  command: readonly string[],
  target: ProbeTarget,
  limits: ProbeLimits,
): Promise<ProbeResult> {
  try {
    return await exec(await target.execTarget(command), limits);
  } catch (error) {
    return { ok: false, evidence: messageOf(error) };
  }
}
