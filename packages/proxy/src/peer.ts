import { type ChildProcess, fork } from "node:child_process";
import type { Server } from "node:net";
import { resolve } from "node:path";
import { logDescriptor, logLine } from "./log-line.ts";
import { keepOwnFolder, ownFolder } from "./own-folder.ts";
import type { ProcessSettings } from "./process-settings.ts";
import type { Entry } from "./source-runtime.ts";

/**
 * The other process on an IPC channel, holder or worker: either may have started the other, and
 * each of them may die at any moment.
 */
export interface Peer {
  /** 0 when it could not be started. */
  readonly pid: number;
  /** Lost when the peer is gone; `sent` is called once it is on its way, or that. */
  send(message: object, handle?: unknown, sent?: () => void): void;
  kill(): void;
  onMessage(listener: (message: unknown, handle: unknown) => void): void;
  /** Called once, after its last message: it died, or was not started at all; `how`, in words. */
  onGone(listener: (how: string) => void): void;
}

/** How a peer is started. */
export interface ForkOptions {
  readonly entry: Entry;
  readonly settings: ProcessSettings;
  /** The listening socket, when `settings.inherits` says that it comes along. */
  readonly listeningFd: number | null;
  /** Outlives the group and session of this process. */
  readonly detached: boolean;
  /** What it finds on its standard input, as JSON. */
  readonly input?: object;
}

/** Starts a holder or a worker with an IPC channel to it. */
export function forkPeer(options: ForkOptions): Peer {
  const { child, refusal } = forked(options);
  return {
    pid: child?.pid ?? 0,
    send: (message, handle, sent = ignored) => {
      if (child?.connected === true) child.send(message, sendable(handle), {}, sent);
      else sent();
    },
    kill: () => child?.kill("SIGKILL"),
    onMessage: (listener) => child?.on("message", listener),
    onGone: (listener) => whenChildGone(child, refusal, listener),
  };
}

/** The process that started this one. */
export function parentPeer(): Peer {
  const pid = process.ppid;
  return {
    pid,
    send: (message, handle, sent = ignored) => {
      if (process.connected) process.send?.(message, sendable(handle), {}, sent);
      else sent();
    },
    kill: () => {
      // Somebody else is the parent of an orphan.
      if (process.connected && process.ppid === pid) process.kill(pid, "SIGKILL");
    },
    onMessage: (listener) => process.on("message", listener),
    onGone: (listener) => {
      // It may have died while this process was still starting: then nobody says so any more.
      if (process.connected) process.once("disconnect", () => listener(parentGone));
      else setImmediate(listener, parentGone);
    },
  };
}

const parentGone = "ended";

interface Forked {
  readonly child: ChildProcess | null;
  /** Why there is none, when the system refuses in a way that Node reports by throwing. */
  readonly refusal: string;
}

function forked(options: ForkOptions): Forked {
  const { entry, settings, listeningFd, detached, input } = options;
  const cwd = keepOwnFolder();
  const stateDir = cwd === "/" ? resolve(ownFolder(), settings.stateDir) : settings.stateDir;
  const log = logDescriptor();
  try {
    const child = fork(entry.path, [JSON.stringify({ ...settings, stateDir })], {
      cwd,
      execPath: entry.execPath,
      execArgv: [...entry.execArgv],
      detached,
      // What comes after the channel is descriptor `inheritedFd` there.
      stdio: [
        input === undefined ? "ignore" : "pipe",
        log,
        log,
        "ipc",
        ...(listeningFd === null ? [] : [listeningFd]),
      ],
    });
    // It may be dead before it has read all.
    child.stdin?.on("error", ignored).end(JSON.stringify(input));
    return { child, refusal: "" };
  } catch (error) {
    return { child: null, refusal: notStarted(error) };
  }
}

function whenChildGone(
  child: ChildProcess | null,
  refusal: string,
  listener: (how: string) => void,
): void {
  if (child === null) {
    setImmediate(listener, refusal);
    return;
  }
  // Either may come first: what it said before it died is read until the channel ends.
  let left = 2;
  let how = "ended";
  const partly = () => {
    left -= 1;
    if (left === 0) listener(how);
  };
  child.once("exit", (code, signal) => {
    how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
    partly();
  });
  child.once("disconnect", partly);
  child.on("error", (error) => {
    // What was never started does not exit either.
    if (child.pid !== undefined) return;
    listener(notStarted(error));
  });
}

// A raw listening handle travels like a server, which is all that the types know of.
function sendable(handle: unknown): Server | undefined {
  return isServer(handle) ? handle : undefined;
}

function isServer(handle: unknown): handle is Server {
  return typeof handle === "object" && handle !== null;
}

// Whoever is gone hears nothing; `onGone` tells.
function ignored(): void {}

/** Said in proxy.log too. */
function notStarted(error: unknown): string {
  logLine(`proxy ${process.pid}: no process could be started: ${String(error)}`);
  return `could not be started: ${String(error)}`;
}
