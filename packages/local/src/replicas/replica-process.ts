import { join } from "node:path";
import {
  type Exit,
  failpoint,
  HitlessError,
  messageOf,
  type ReadReceipt,
  requestSecondsAfterSignal,
} from "@hitless/core";
import { makeReceiptFile, readReceiptFile, receiptFileOf } from "../logs/receipt-file.ts";
import type { ExecTarget } from "../probes/exec.ts";
import { heldByStranger } from "../probes/prober.ts";
import { ownerOf } from "../processes/listeners.ts";
import { isGroupEmpty } from "../processes/process-group.ts";
import { identify, isAlive, type ProcessIdentity } from "../processes/process-identity.ts";
import { spawnProcess } from "../processes/spawn-process.ts";
import { findStray } from "../processes/strays.ts";
import { isDiskFault } from "../state/disk-fault.ts";
import { steadyNow } from "../steady-time.ts";
import { pause, waitUntil } from "../wait.ts";
import type { ReplicaHost } from "./replica-host.ts";
import type { ReplicaRecord } from "./replica-record.ts";

/** How often an end is looked for where the kernel does not tell. */
const pollMs = 100;
/** Between attempts to record a start that the disk did not take, ms. */
const recordAgainMs = 1000;

/** The process of one start, spawned by this controller or found by it. */
export interface ReplicaProcess {
  readonly leader: ProcessIdentity;
  /** The leader's end; null when it is not our child, so that nobody will tell. */
  readonly exited: Promise<Exit> | null;
}

/**
 * Starts the replica once more. The record is durable before there is a process, and again when it
 * names it. A start that cannot be made is a result.
 */
export async function startProcess(
  record: ReplicaRecord,
  host: ReplicaHost,
  signal: AbortSignal,
): Promise<ReplicaProcess | Exit> {
  try {
    await prepareStart(record, host);
    const { logFile } = record;
    const target = await execTargetOf(record, host);
    await failpoint("replica-due");
    await recorded(record, host, signal);
    await failpoint("replica-recorded");
    signal.throwIfAborted();
    const { run } = host.revision;
    const receipt = receiptFileOf(logFileOf(record, host));
    await makeReceiptFile(receipt, run.user);
    const spawned = spawnProcess({
      ...target,
      env: { ...target.env, ...drainEnvironment(host, receipt) },
      command: run.command,
      logFile: logFile ?? "/dev/null",
    });
    await failpoint("replica-spawned");
    if (spawned.identity === null) return await spawned.exited;
    record.process = spawned.identity;
    return { leader: spawned.identity, exited: spawned.exited };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "notStarted", error: whyNotStarted(error), at: Date.now() };
  }
}

/**
 * No process without a record: while the disk takes none, the start is put off. That is no failed
 * start, which would count against the revision.
 */
async function recorded(
  record: ReplicaRecord,
  host: ReplicaHost,
  signal: AbortSignal,
): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      return await host.save();
    } catch (thrown) {
      if (!isDiskFault(thrown)) throw thrown;
      const error = messageOf(thrown);
      record.lastExit = { kind: "notStarted", error, at: Date.now() };
      if (!told) host.event(`a replica waits to be started: ${error}`);
      host.changed();
      await pause(recordAgainMs, signal);
    }
  }
}

/** With its code and what to do: this is all that `why` will say of a replica that has no log. */
function whyNotStarted(error: unknown): string {
  if (!(error instanceof HitlessError)) return messageOf(error);
  const { code, message, next } = error;
  return `${code}: ${message}${next === undefined ? "" : ` (${next})`}`;
}

/** The process that the record speaks of, or one that was started and never recorded. */
export function findProcess(record: ReplicaRecord, host: ReplicaHost): ReplicaProcess | null {
  const leader = record.process ?? strayOf(record, host);
  if (leader === null || isGroupEmpty(leader)) return null;
  return { leader, exited: null };
}

/**
 * Waits for the end of the replica. When the leader ends and leaves others, they go on as the
 * replica for as long as they hold its port; and, before it ever served, when they were left on
 * purpose (exit code 0, as a script does that puts its server in the background). Else the
 * replica is over and what is left is to be killed. The exit is the leader's.
 */
export async function endOf(
  { leader, exited }: ReplicaProcess,
  record: ReplicaRecord,
  signal: AbortSignal,
): Promise<Exit> {
  const wait = { everyMs: pollMs, deadline: null, signal };
  if (exited === null) await waitUntil(() => !isAlive(leader), wait);
  const exit: Exit = exited === null ? { kind: "unknown", at: Date.now() } : await exited;
  const onPurpose = exit.kind === "unknown" || (exit.kind === "code" && exit.code === 0);
  if (onPurpose && !record.served) {
    await waitUntil(() => isGroupEmpty(leader) || holdsPort(record, leader), wait);
  }
  await waitUntil(() => isGroupEmpty(leader) || !holdsPort(record, leader), wait);
  return exit;
}

/** How to run a command as this replica does. Rejects when its environment cannot be made. */
export async function execTargetOf(
  record: ReplicaRecord,
  host: ReplicaHost,
): Promise<Omit<ExecTarget, "command">> {
  const { run } = host.revision;
  const env = await host.environment(record);
  return { cwd: join(host.dir, run.cwd), env, user: run.user };
}

/** How the app is to drain. Not for commands that run beside it: they have nothing to write there. */
function drainEnvironment({ revision }: ReplicaHost, receipt: string): ExecTarget["env"] {
  return {
    // The route barrier and the delay of the app file are behind it when it gets its signal.
    HITLESS_DRAIN_DELAY_SECONDS: "0",
    HITLESS_DRAIN_TIMEOUT_SECONDS: String(requestSecondsAfterSignal(revision.drain)),
    HITLESS_RECEIPT: receipt,
  };
}

async function prepareStart(record: ReplicaRecord, host: ReplicaHost): Promise<void> {
  record.process = null;
  record.startedAt = steadyNow();
  record.start += 1;
  record.logFile = logFileOf(record, host);
  record.started = false;
  record.admitted = false;
  record.served = false;
  record.restartAt = null;
  record.phase = "running";
  record.port = await host.ports.acquire();
}

/** Where the present start writes to; the recorded one is where that was when it began. */
function logFileOf({ id, start }: ReplicaRecord, { logDir }: ReplicaHost): string {
  return join(logDir, id, `${start}.log`);
}

/** What the present start has left of itself. */
export function receiptOf(record: ReplicaRecord, host: ReplicaHost): Promise<ReadReceipt> {
  return readReceiptFile(receiptFileOf(logFileOf(record, host)));
}

/** Why a replica that ended and never served could not listen; null: nobody else has its port. */
export function strangerAt(record: ReplicaRecord, leader: ProcessIdentity): string | null {
  const { port, served } = record;
  if (served || port === null) return null;
  const owner = ownerOf(port, leader);
  return owner.kind === "stranger" ? heldByStranger(port, owner.pid) : null;
}

function strayOf(record: ReplicaRecord, host: ReplicaHost): ProcessIdentity | null {
  const { startedAt, port, id } = record;
  if (record.logFile === null || startedAt === null || port === null) return null;
  const { revision } = host;
  // Not as it was recorded: the folder may have been moved since, and what is open moves with it.
  const logFile = logFileOf(record, host);
  const environment = {
    HITLESS_REPLICA: id,
    HITLESS_REVISION: String(revision.number),
    PORT: String(port),
  };
  const pid = findStray({ logFile, environment, since: startedAt });
  return pid === null ? null : identify(pid);
}

function holdsPort({ port }: ReplicaRecord, leader: ProcessIdentity): boolean {
  return port !== null && ownerOf(port, leader).kind === "ours";
}
