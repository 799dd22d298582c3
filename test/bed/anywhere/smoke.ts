import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as after } from "node:timers/promises";
import type { NodeBinary } from "./nodes.ts";
import { jsonLinesOf } from "./run-program.ts";

/** What a client and a person saw of a service that was stopped in the middle of a slow request. */
export interface Smoke {
  /** Of `/startup`, `/health` and `/ready` before the signal. */
  readonly before: readonly string[];
  /** Of `/ready` behind the signal, the first that was not 200. */
  readonly unready: string;
  /** Of a request on a connection that was idle at the signal. */
  readonly told: string;
  readonly slow: string;
  /** How the process ended. */
  readonly end: string;
  /** In flight, finished, cut and hooks, as the receipt has them. */
  readonly receipt: string;
  readonly stderr: string;
}

/** What it has to be with the kit. */
export const rightSmoke: Smoke = {
  before: ["200 started", "200 alive", "200 ready"],
  unready: "503 draining",
  told: "200 quick, connection: close",
  slow: "200 slow, connection: close",
  end: "0",
  receipt: "1 in flight, 0 cut, pool done",
  stderr: "",
};

const timeoutMs = 60_000;

/** Runs it, with a second connection that stays idle from before the signal to the end. */
export async function smoke(
  node: NodeBinary,
  program: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Smoke> {
  const child = spawn(node.path, [program], {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  const [kept, idle] = agents;
  const out = new Lines(child);
  const stderr = text(child.stderr);
  const ended = once(child, "exit");
  try {
    const port = /"port":(\d+)/.exec(await out.first('"port"'))?.[1] ?? "";
    const ask = (path: string, agent?: Agent) => answerOf(`http://127.0.0.1:${port}${path}`, agent);
    const before = await Promise.all(["/startup", "/health", "/ready"].map((path) => ask(path)));
    await Promise.all([ask("/", kept), ask("/", idle)]);
    const slow = ask("/slow");
    await out.first('"slow"');
    child.kill("SIGTERM");
    const unready = await firstOther("200 ready", () => ask("/ready"));
    const told = await ask("/", kept);
    const answer = await slow;
    const [code, signal] = await ended;
    return {
      before: before.map(short),
      unready: short(unready),
      told,
      slow: answer,
      end: String(code ?? signal),
      receipt: receiptIn(out.text),
      stderr: await stderr,
    };
  } finally {
    child.kill("SIGKILL");
    for (const agent of agents) agent.destroy();
  }
}

/** Standard output, so far. */
class Lines {
  text = "";
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.text += chunk;
    });
  }

  /** The first line that holds it; empty when the program ended without. */
  async first(part: string): Promise<string> {
    for (;;) {
      const found = this.text
        .split("\n")
        .slice(0, -1)
        .find((line) => line.includes(part));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return "";
      await after(10);
    }
  }
}

async function firstOther(than: string, asked: () => Promise<string>): Promise<string> {
  for (;;) {
    const answer = await asked();
    if (short(answer) !== than) return answer;
  }
}

/** `200 quick, connection: close`, or the code of an error. */
function answerOf(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    const options = { agent: agent ?? new Agent({ keepAlive: true }) };
    const request = get(url, options, (response) => {
      text(response).then((body) => {
        const { statusCode, headers } = response;
        resolve(`${statusCode} ${body}, connection: ${headers.connection}`);
      }, failed);
    });
    request.once("error", failed);
  });
}

/** Of a probe's answer only what it says first. */
function short(answer: string): string {
  return answer.replace(/^(\d+) \{"status":"(\w+)".*$/, "$1 $2");
}

function receiptIn(stdout: string): string {
  const receipt = jsonLinesOf({ stdout }).flatMap((line) => Object(line).receipt ?? [])[0];
  if (receipt === undefined) return "none";
  const hooks = receipt.hooks.map(
    (hook: Record<string, string>) => `${hook["name"]} ${hook["outcome"]}`,
  );
  return `${receipt.inFlight} in flight, ${receipt.cut} cut, ${hooks.join(", ")}`;
}
