import { constants } from "node:os";
import { counted, failpoint, messageOf } from "@hitless/core";
import { type ExecTarget, exec } from "../probes/exec.ts";
import { isGroupEmpty, signalGroup, signalLeader } from "../processes/process-group.ts";
import { isAlive, type ProcessIdentity } from "../processes/process-identity.ts";
import { steadyNow } from "../steady-time.ts";
import { pause, waitUntil } from "../wait.ts";
import type { ReplicaHost } from "./replica-host.ts";
import type { DrainRecord, ReplicaRecord } from "./replica-record.ts";

export interface StopOrderOptions {
  readonly record: ReplicaRecord;
  readonly drain: DrainRecord;
  readonly host: ReplicaHost;
  /** Null when it has no process. */
  readonly leader: ProcessIdentity | null;
  /** Resolved when every worker sends it nothing new. */
  readonly withdraw: () => Promise<void>;
  readonly execTarget: (command: readonly string[]) => Promise<ExecTarget>;
  /** Makes the record durable; never rejects. */
  readonly save: () => Promise<unknown>;
  /** Leaves everything as it is; a successor goes on from the record. */
  readonly signal: AbortSignal;
}

const pollMs = 20;

/**
 * How long a data plane may owe the acknowledgement. Long, because going on without it may lose
 * requests; not for ever, because a proxy that cannot be brought back sends none.
 */
const acknowledgeTimeoutMs = 60_000;

/**
 * Takes one replica out of service (DESIGN §5): route away, acknowledged by every worker → delay →
 * nothing in flight, or cut off at the timeout → preStop → stop signal → SIGKILL when the grace,
 * which runs from the start of preStop as in Kubernetes, is over → its group is empty. Nothing is
 * told to stop before the proxy holds no request for it, so an app that dies at SIGTERM loses
 * none. Every deadline is absolute and recorded, so that it can go on after a crash.
 */
export class StopOrder {
  readonly #options: StopOrderOptions;

  constructor(options: StopOrderOptions) {
    this.#options = options;
  }

  /** Resolves when the group is empty. Rejects with the signal's reason when called off. */
  async run(): Promise<void> {
    await this.#routeAway();
    if (!this.#isGone()) await this.#finishRequests();
    await failpoint("requests-finished");
    if (!this.#isGone()) await this.#preStop();
    await this.#terminate();
    await failpoint("group-empty");
  }

  async #routeAway(): Promise<void> {
    const { drain, host, record } = this.#options;
    if (drain.withdrawnAt !== null) return;
    let acknowledged = false;
    void this.#options.withdraw().then(() => {
      acknowledged = true;
    });
    await this.#wait(() => acknowledged, drain.since + acknowledgeTimeoutMs);
    if (!acknowledged) host.event(`replica ${record.id}: no proxy acknowledged its withdrawal`);
    await failpoint("replica-withdrawn");
    drain.withdrawnAt = steadyNow();
    await this.#options.save();
    await failpoint("withdrawal-recorded");
  }

  async #finishRequests(): Promise<void> {
    const { drain, host, record } = this.#options;
    const { delaySeconds, timeoutSeconds } = host.revision.drain;
    if (drain.graceSince !== null || !record.served) return;
    const delayEnd = (drain.withdrawnAt ?? steadyNow()) + delaySeconds * 1000;
    await this.#wait(() => this.#isGone(), delayEnd);
    const deadline = delayEnd + timeoutSeconds * 1000;
    if (await this.#wait(async () => this.#isGone() || (await this.#isIdle()), deadline)) return;
    try {
      const cut = await host.cut(record.id);
      host.event(
        `replica ${record.id}: cut off ${counted(cut, "request")} after ${timeoutSeconds} s`,
      );
    } catch (error) {
      host.event(`replica ${record.id}: cannot cut off its requests: ${messageOf(error)}`);
    }
  }

  async #isIdle(): Promise<boolean> {
    const { host, record } = this.#options;
    try {
      return (await host.inFlight(record.id)) === 0;
    } catch {
      // The proxy is away: it may come back within the timeout and tell.
      return false;
    }
  }

  async #preStop(): Promise<void> {
    const { drain, host, save } = this.#options;
    if (drain.graceSince === null) {
      drain.graceSince = steadyNow();
      drain.preStopDone = host.revision.drain.preStop === null;
      await save();
    }
    if (drain.preStopDone) return;
    await this.#runPreStop(drain.graceSince);
    drain.preStopDone = true;
    await save();
  }

  async #runPreStop(since: number): Promise<void> {
    const { host, record, signal, execTarget } = this.#options;
    const { preStop } = host.revision.drain;
    if (preStop === null) return;
    if (preStop.kind === "sleep") {
      const end = Math.min(since + preStop.seconds * 1000, this.#graceEnd());
      await this.#wait(() => this.#isGone(), end);
      return;
    }
    try {
      const target = await execTarget(preStop.command);
      const timeoutMs = Math.max(1, this.#graceEnd() - steadyNow());
      const result = await exec(target, { timeoutMs, signal });
      if (!result.ok) host.event(`replica ${record.id}: preStop failed: ${result.evidence}`);
    } catch (error) {
      host.event(`replica ${record.id}: preStop could not run: ${messageOf(error)}`);
    }
    signal.throwIfAborted();
  }

  async #terminate(): Promise<void> {
    const { host, leader, record, signal } = this.#options;
    if (leader === null || this.#isGone()) return;
    if (await this.#tell(leader)) return;
    host.event(`replica ${record.id}: killed, its grace period is over`);
    await killGroup(leader, signal);
  }

  /**
   * Sends the stop signal; false when the grace is over first. With a list `run` the leader gets
   * it, as in Kubernetes, and passes it on. A shell or npm ends without doing so: then nobody but us
   * can still tell those that it leaves. A shell with a string `run` may also outlive the signal, so
   * there everybody gets it at once.
   */
  async #tell(leader: ProcessIdentity): Promise<boolean> {
    const { run } = this.#options.host.revision;
    const name = this.#stopSignal();
    if (typeof run.command !== "string" && signalLeader(leader, name)) {
      await failpoint("stop-signalled");
      if (!(await this.#wait(() => !isAlive(leader), this.#graceEnd()))) return false;
    }
    signalGroup(leader, name);
    return this.#wait(() => this.#isGone(), this.#graceEnd());
  }

  #stopSignal(): NodeJS.Signals {
    const { host, record } = this.#options;
    const { stopSignal } = host.revision.run;
    if (isSignal(stopSignal)) return stopSignal;
    host.event(`replica ${record.id}: no signal is called ${stopSignal}, SIGTERM sent instead`);
    return "SIGTERM";
  }

  #graceEnd(): number {
    const { drain, host } = this.#options;
    const { terminationGracePeriodSeconds } = host.revision.drain;
    return (drain.graceSince ?? steadyNow()) + terminationGracePeriodSeconds * 1000;
  }

  #isGone(): boolean {
    const { leader } = this.#options;
    return leader === null || isGroupEmpty(leader);
  }

  #wait(holds: () => boolean | Promise<boolean>, deadline: number): Promise<boolean> {
    const { signal } = this.#options;
    return waitUntil(holds, { everyMs: pollMs, deadline, signal });
  }
}

/** Kills the group until nothing of it is left: a process may have forked under the first signal. */
export async function killGroup(leader: ProcessIdentity, signal: AbortSignal): Promise<void> {
  while (!isGroupEmpty(leader)) {
    signalGroup(leader, "SIGKILL");
    await pause(pollMs, signal);
  }
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
