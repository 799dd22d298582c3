import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { HitlessError } from "@hitless/core";
import { isStartReport, type StartReport } from "./holder/start-report.ts";
import { portOwner } from "./port-owner.ts";
import type { ProcessSettings } from "./process-settings.ts";
import { connectProxy, type ProxyClient } from "./proxy-client.ts";
import { ownEntry } from "./source-runtime.ts";
import { defaultTimeouts, type ProxyTimeouts } from "./timeouts.ts";

/** Where a proxy listens and keeps its state, and how long it waits for what. */
export interface ProxyOptions extends Partial<ProxyTimeouts> {
  /** Folder for the table (`proxy-table.json`) and the log (`proxy.log`); made if missing. */
  readonly stateDir: string;
  /** The control socket, with those of the workers beside it; at most 90 bytes long. */
  readonly socketPath: string;
  /** The address that clients connect to. */
  readonly host: string;
  /** The port that clients connect to; 0 takes any free one. */
  readonly port: number;
  /** How many worker processes, 1 to 32. Default: as many as a running proxy has, else 1. */
  readonly workers?: number;
}

const startTimeoutMs = 20_000;

/**
 * Connects to the holder on `socketPath`, or starts one that outlives this process. A running one
 * keeps the timeouts that it was started with, and gets as many workers as are asked for. Throws `PORT_TAKEN` when a process that is none of
 * this proxy has the port, `PROXY_UNREACHABLE` when the holder does not answer or start, or serves another port.
 */
export async function ensureProxy(options: ProxyOptions): Promise<ProxyClient> {
  const running = await connectProxy(options.socketPath);
  if (running !== null) return fitted(running, options);
  const report = await startHolder(options);
  const started = await connectProxy(options.socketPath);
  // Another starter may have been faster: then its holder has the port, and answers.
  if (started !== null) return fitted(started, options);
  throw await startFailure(report, options);
}

async function fitted(client: ProxyClient, options: ProxyOptions): Promise<ProxyClient> {
  await checkPort(client, options);
  const { workers } = options;
  if (workers === undefined || workers === client.workers || client.workers === 0) return client;
  await client.resize(workers);
  return client;
}

async function checkPort(client: ProxyClient, options: ProxyOptions): Promise<void> {
  if (options.port === 0 || options.port === client.port) return;
  await client.close();
  throw new HitlessError(
    "PROXY_UNREACHABLE",
    `the proxy on ${options.socketPath} serves port ${client.port}, not ${options.port}`,
    { next: "Stop it first (hitless down)." },
  );
}

async function startHolder(options: ProxyOptions): Promise<StartReport> {
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  const log = await open(join(options.stateDir, "proxy.log"), "a", 0o600);
  const entry = ownEntry("holder/holder-main");
  try {
    const child = spawn(
      entry.execPath,
      [...entry.execArgv, entry.path, JSON.stringify(settingsOf(options))],
      // By its working directory it still finds its files after the folder was moved.
      { cwd: options.stateDir, detached: true, stdio: ["ignore", log.fd, log.fd, "ipc"] },
    );
    return await startReport(child);
  } finally {
    await log.close();
  }
}

function settingsOf(options: ProxyOptions): ProcessSettings {
  const { stateDir: _cwd, socketPath, host, port, workers = 1, ...given } = options;
  const timeouts = { ...defaultTimeouts, ...given };
  const first = { workers, term: 1, slot: 0, upgrades: false, inherits: false };
  return { stateDir: ".", socketPath, host, port, timeouts, ...first };
}

function startReport(child: ChildProcess): Promise<StartReport> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => {
      child.kill("SIGKILL");
      done({ kind: "failed", code: "TIMEOUT", message: `no answer in ${startTimeoutMs} ms` });
    }, startTimeoutMs);
    const done = (report: StartReport) => {
      clearTimeout(timeout);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(report);
    };
    child.once("message", (message: unknown) => {
      if (isStartReport(message)) done(message);
    });
    child.once("error", (error) => {
      done({ kind: "failed", code: "SPAWN", message: error.message });
    });
    child.once("exit", (code, signal) => {
      done({ kind: "failed", code: "EXIT", message: `it ended with ${code ?? signal}` });
    });
  });
}

async function startFailure(report: StartReport, options: ProxyOptions): Promise<HitlessError> {
  const where = `${options.host}:${options.port}`;
  if (report.kind === "failed" && report.code === "EADDRINUSE") {
    const owner = await portOwner(options.port);
    if (owner !== null && (await isOurs(owner, options.socketPath))) return lost(where, owner);
    const who = owner === null ? "another process" : `process ${owner}`;
    return new HitlessError("PORT_TAKEN", `${where} is held by ${who}`, {
      next: "Stop that process, or choose another port in hitless.yaml.",
    });
  }
  const why = report.kind === "failed" ? report.message : "it ended at once";
  return new HitlessError("PROXY_UNREACHABLE", `the proxy for ${where} did not start: ${why}`, {
    next: `Read ${join(options.stateDir, "proxy.log")}.`,
  });
}

/** Whether it is a holder or a worker with that control socket, as its command line tells. */
async function isOurs(pid: number, socketPath: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes(`"socketPath":${JSON.stringify(socketPath)}`);
}

function lost(where: string, owner: number): HitlessError {
  const message = `${where} is held by process ${owner} of this app's own proxy, which cannot be reached`;
  return new HitlessError("PROXY_UNREACHABLE", message, {
    next: `It is ended by the controller where that can name it; else: kill -9 ${owner}`,
  });
}
