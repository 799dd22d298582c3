import { connect } from "node:net";
import { firstAnswer, type ProbeLimits, type ProbeResult } from "./probe-result.ts";

/** Success is a connection that opens (Kubernetes `tcpSocket`), to 127.0.0.1. */
export async function tcpSocket(port: number, limits: ProbeLimits): Promise<ProbeResult> {
  const result = await firstAnswer(limits, (answer) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => answer({ ok: true, evidence: "open" }));
    socket.on("error", (error) => answer({ ok: false, evidence: error.message }));
    return () => socket.destroy();
  });
  return { ok: result.ok, evidence: `TCP ${port} → ${result.evidence}` };
}
