import { type IncomingMessage, request } from "node:http";
import { firstAnswer, type ProbeLimits, type ProbeResult, quote } from "./probe-result.ts";

export interface HttpGetTarget {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** As much of a body as Kubernetes reads before it goes by the status alone. */
const bodyLimitBytes = 10 * 1024;

/**
 * Asks over a connection of its own. 200–399 is success; a redirect is not followed, for it would
 * prove the health of something else (Kubernetes `httpGet`). The answer counts once its body has
 * ended or reached 10 KB.
 */
export async function httpGet(target: HttpGetTarget, limits: ProbeLimits): Promise<ProbeResult> {
  const result = await firstAnswer(limits, (answer) => {
    const call = request({
      host: "127.0.0.1",
      port: target.port,
      path: target.path,
      headers: {
        "User-Agent": "hitless-probe",
        Accept: "*/*",
        Connection: "close",
        Host: `127.0.0.1:${target.port}`,
        ...target.headers,
      },
      agent: false,
    });
    // Stays for good: a connection destroyed after its answer still reports an error.
    call.on("error", (error) => answer({ ok: false, evidence: error.message }));
    call.once("response", (response) => read(response, answer));
    call.end();
    return () => call.destroy();
  });
  return { ok: result.ok, evidence: `GET ${target.path} → ${result.evidence}` };
}

function read(response: IncomingMessage, answer: (result: ProbeResult) => void): void {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (): void => {
    const said = Buffer.concat(chunks).toString("utf8");
    answer({ ok: status >= 200 && status < 400, evidence: `${status}${quote(said)}` });
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bodyLimitBytes) finish();
  });
  response.once("end", finish);
  response.on("error", (error) => answer({ ok: false, evidence: `${status}, ${error.message}` }));
}
