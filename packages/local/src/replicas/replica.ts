import { type Exit, failpoint, messageOf, type ProbeAnswer, type ReplicaView } from "@hitless/core";
import { askProbe } from "../probes/ask-probe.ts";
import type { ExecTarget } from "../probes/exec.ts";
import { Prober, type ProbeTransition } from "../probes/prober.ts";
import { ownerOf } from "../processes/listeners.ts";
import { isAlive, isOfThisBoot, type ProcessIdentity } from "../processes/process-identity.ts";
import { byWallClock, steadyNow } from "../steady-time.ts";
import { pause } from "../wait.ts";
import { Admission } from "./admission.ts";
import { backOff } from "./backoff.ts";
import type { ReplicaHost } from "./replica-host.ts";
import {
  endOf,
  execTargetOf,
  findProcess,
  type ReplicaProcess,
  receiptOf,
  startProcess,
  strangerAt,
} from "./replica-process.ts";
import { forgetFuture, newDrain, type ReplicaRecord } from "./replica-record.ts";
import {
  lifeOf,
  type ReplicaEvent,
  type ReplicaLife,
  stateOf,
  transition,
} from "./replica-state.ts";
import { killGroup, StopOrder } from "./stop-order.ts";
import { type Ending, untilEnding } from "./until-ending.ts";

export type { ReplicaHost } from "./replica-host.ts";

/** Starts in a row whose port a stranger took, before that counts as a failure. */
const mostStrangers = 5;
/** After a fault of our own, so that it does not spin. */
const afterFaultMs = 1000;

/**
 * One replica, from its first start to its end: kept running, probed, routed to while it is ready,
 * started again with backoff, and stopped in the order of `StopOrder`. Everything it needs to go on
 * under another controller is in its record, which it changes in place.
 */
export class Replica {
  readonly record: ReplicaRecord;
  readonly #host: ReplicaHost;
  readonly #admission: Admission;
  readonly #abandoned = new AbortController();
  readonly #stopping = new AbortController();
  readonly #interrupted = AbortSignal.any([this.#abandoned.signal, this.#stopping.signal]);
  #life: ReplicaLife;
  #process: ReplicaProcess | null = null;
  #lastProbe: ProbeAnswer | null = null;
  #longestReadyMs = 0;
  #flow: Promise<void> | null = null;
  /** The last withdrawal; resolved when it is acknowledged. */
  #withdrawn: Promise<void> = Promise.resolve();

  constructor(record: ReplicaRecord, host: ReplicaHost) {
    this.record = record;
    this.#host = host;
    forgetFuture(record, steadyNow());
    this.#life = lifeOf(record, record.process !== null && isAlive(record.process));
    // A crash between the table and the record may have lost that it served.
    if (record.process !== null) record.served = true;
    this.#admission = new Admission(this, host, this.#abandoned.signal);
    if (record.port !== null && record.phase !== "gone") host.ports.claim(record.port);
  }

  /** `inFlight` is null: the data plane is asked by the engine, once for all replicas. */
  view(): ReplicaView {
    const { record } = this;
    return {
      id: record.id,
      revision: record.revision,
      state: stateOf(this.#life),
      readySince: byWallClock(this.#life.kind === "ready" ? this.#life.since : null),
      routed: record.admitted,
      inFlight: null,
      startedAt: byWallClock(record.startedAt),
      starts: record.start,
      lastProbe: this.#lastProbe,
      lastExit: record.lastExit,
      restartAt: byWallClock(record.restartAt),
      process: record.process === null ? null : String(record.process.pid),
    };
  }

  /** Starts it, or takes it up where its record says it stands. Returns at once. */
  run(): void {
    this.#flow ??= this.#live();
  }

  /** Takes it out of service for good. Resolves when its group is empty and that is saved, or when abandoned. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.run();
    await this.#flow;
  }

  /** Watches it no more and leaves everything as it is, for a successor. */
  abandon(): void {
    this.#abandoned.abort();
  }

  async #live(): Promise<void> {
    while (this.#life.kind !== "stopped" && !this.#abandoned.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#abandoned.signal.aborted) return;
        if (error === this.#stopping.signal.reason) continue;
        this.#host.event(`replica ${this.record.id}: ${messageOf(error)}`);
        await pause(afterFaultMs, this.#abandoned.signal).catch(() => {});
      }
    }
  }

  async #step(): Promise<void> {
    if (this.#stopping.signal.aborted) await this.#beginStop();
    switch (this.#life.kind) {
      case "waiting":
        return this.#untilDue(this.#life.restartAt);
      case "starting":
      case "ready":
      case "unready":
        return this.#serve();
      case "replacing":
      case "draining":
        return this.#leave();
      case "stopped":
        return;
    }
  }

  async #untilDue(restartAt: number | null): Promise<void> {
    const waitMs = Math.min((restartAt ?? 0) - steadyNow(), 1000);
    if (waitMs > 0) await pause(waitMs, this.#interrupted).catch(() => {});
    else this.#apply({ kind: "due" });
  }

  async #serve(): Promise<void> {
    this.#longestReadyMs = 0;
    const found = await this.#obtain();
    if ("kind" in found) return this.#lost(found);
    this.#process = found;
    await this.#save();
    await failpoint("pid-recorded");
    this.#host.changed();
    const ending = await this.#watch(found);
    this.#noteReadyTime();
    switch (ending.kind) {
      case "stop":
        return this.#beginStop();
      case "unfit":
        return this.#beginReplacing(ending.because);
      case "stranger":
        return this.#losePort(found, ending.evidence);
      case "exited":
        return this.#clearAway(found, ending.exit);
    }
  }

  /** A process that runs, a new one, or the end of the one that the record speaks of. */
  async #obtain(): Promise<ReplicaProcess | Exit> {
    const { record } = this;
    if (record.phase === "running") {
      const found = findProcess(record, this.#host);
      if (found !== null) {
        record.process = found.leader;
        return found;
      }
      if (record.process !== null && isOfThisBoot(record.process)) {
        return { kind: "unknown", at: Date.now() };
      }
      // The machine was started again, or the start was never made: no end of a process to report.
      void this.#withdraw();
      this.#releasePort();
    }
    return startProcess(record, this.#host, this.#interrupted);
  }

  #watch(found: ReplicaProcess): Promise<Ending> {
    return untilEnding({
      exit: (signal) => endOf(found, this.record, signal),
      probe: (end, signal) => this.#proberOf(found.leader, end).run(signal),
      stopping: this.#stopping.signal,
      abandoned: this.#abandoned.signal,
    });
  }

  #proberOf(leader: ProcessIdentity, end: (ending: Ending) => void): Prober {
    const { record } = this;
    const port = record.port ?? 0;
    const target = { port, execTarget: (command: readonly string[]) => this.#execTarget(command) };
    return new Prober({
      probes: this.#host.revision.probes,
      port,
      started: record.started,
      ready: this.#life.kind === "ready",
      runningMs: steadyNow() - (record.startedAt ?? steadyNow()),
      ask: (check, limits) => askProbe(check, target, limits),
      owner: () => ownerOf(port, leader),
      onTransition: (change) => this.#onProbe(change, end),
      onAnswer: (answer) => {
        this.#lastProbe = answer;
      },
    });
  }

  #onProbe(change: ProbeTransition, end: (ending: Ending) => void): void {
    switch (change.kind) {
      case "started":
        this.record.started = true;
        return;
      case "ready":
        this.record.strangers = 0;
        void this.#becomeReady();
        return;
      case "unready":
        this.#noteReadyTime();
        this.record.readySince = null;
        this.#apply({ kind: "unready" });
        void this.#withdrawAndSave();
        return;
      case "startup-failed":
        end({ kind: "unfit", because: `startup probe failed: ${change.evidence}` });
        return;
      case "live-failed":
        end({ kind: "unfit", because: `liveness probe failed: ${change.evidence}` });
        return;
      case "stranger":
        end({ kind: "stranger", evidence: change.evidence });
        return;
    }
  }

  /** The end came by itself: nothing more for it, the rest of its group away, then start again. */
  async #clearAway(found: ReplicaProcess, exit: Exit): Promise<void> {
    // One that ends because its port is taken says so in its log, and to us nothing.
    const evidence = strangerAt(this.record, found.leader);
    void this.#withdraw();
    await killGroup(found.leader, this.#abandoned.signal);
    await failpoint("end-cleared");
    if (evidence !== null) return this.#losePort(found, evidence);
    await this.#lost(exit);
  }

  /** A start that never served found its port taken: another port at once, and no crash. */
  async #losePort({ leader }: ReplicaProcess, evidence: string): Promise<void> {
    const { record } = this;
    void this.#withdraw();
    await killGroup(leader, this.#abandoned.signal);
    if (record.port !== null) this.#host.ports.burn(record.port);
    record.port = null;
    record.strangers += 1;
    this.#host.event(`replica ${record.id}: ${evidence}`);
    const exit: Exit = { kind: "killed", because: evidence, at: Date.now() };
    if (record.strangers > mostStrangers) return this.#lost(exit);
    record.lastExit = exit;
    await this.#wait(null);
  }

  async #lost(exit: Exit): Promise<void> {
    const { record } = this;
    void this.#withdraw();
    const receipt = await receiptOf(record, this.#host);
    // Counted and over in one: who saves it in between would have it counted again.
    this.#host.ended(receipt);
    const { failures, delayMs } = backOff(record.failures, this.#longestReadyMs);
    record.failures = failures;
    record.lastExit = exit;
    this.#host.exited(exit, delayMs);
    await this.#wait(steadyNow() + delayMs);
  }

  async #wait(restartAt: number | null): Promise<void> {
    const { record } = this;
    this.#releasePort();
    this.#process = null;
    record.process = null;
    record.readySince = null;
    record.drain = null;
    record.phase = "waiting";
    record.restartAt = restartAt;
    this.#apply({ kind: "ended", restartAt });
    await this.#save();
    await failpoint("end-recorded");
  }

  async #beginReplacing(because: string): Promise<void> {
    this.#host.event(`replica ${this.record.id}: ${because}`);
    this.record.drain = newDrain(steadyNow(), because);
    this.record.phase = "draining";
    this.#apply({ kind: "unfit", because });
    await this.#save();
    await failpoint("replacement-recorded");
  }

  async #beginStop(): Promise<void> {
    const { record } = this;
    if (this.#life.kind === "draining" || this.#life.kind === "stopped") return;
    record.drain ??= newDrain(steadyNow(), null);
    record.drain.because = null;
    record.phase = "draining";
    record.restartAt = null;
    this.#apply({ kind: "stop" });
    await this.#save();
    await failpoint("stop-recorded");
  }

  async #leave(): Promise<void> {
    const { record } = this;
    record.drain ??= newDrain(steadyNow(), null);
    this.#process ??= findProcess(record, this.#host);
    const { because } = record.drain;
    const found = this.#process;
    await new StopOrder({
      record,
      drain: record.drain,
      host: this.#host,
      leader: found?.leader ?? null,
      withdraw: () => this.#withdraw(),
      execTarget: (command) => this.#execTarget(command),
      save: () => this.#save(),
      signal: this.#abandoned.signal,
    }).run();
    if (this.#life.kind === "replacing" && because !== null) {
      return this.#lost({ kind: "killed", because, at: Date.now() });
    }
    await this.#finish(found);
  }

  async #finish(found: ReplicaProcess | null): Promise<void> {
    const { record } = this;
    if (found !== null) {
      record.lastExit = await (found.exited ?? { kind: "unknown", at: Date.now() });
    }
    this.#host.ended(await receiptOf(record, this.#host));
    this.#releasePort();
    record.process = null;
    record.phase = "gone";
    this.#apply({ kind: "ended", restartAt: null });
    await this.#save();
    await failpoint("replica-gone");
  }

  /** Ready is what every worker routes to: the release must not count on less. */
  async #becomeReady(): Promise<void> {
    if (!(await this.#admission.admit())) return;
    this.record.readySince = steadyNow();
    this.#apply({ kind: "ready", at: this.record.readySince });
    await this.#save();
    await failpoint("readiness-recorded");
  }

  async #withdrawAndSave(): Promise<void> {
    await this.#withdraw();
    await this.#save();
  }

  async #execTarget(command: readonly string[]): Promise<ExecTarget> {
    return { ...(await execTargetOf(this.record, this.#host)), command };
  }

  #noteReadyTime(): void {
    if (this.#life.kind !== "ready") return;
    this.#longestReadyMs = Math.max(this.#longestReadyMs, steadyNow() - this.#life.since);
  }

  /** Nobody else gets the port before every worker has forgotten it. */
  #releasePort(): void {
    const { port } = this.record;
    this.record.port = null;
    if (port === null) return;
    void this.#withdrawn.finally(() => this.#host.ports.release(port));
  }

  #withdraw(): Promise<void> {
    this.#withdrawn = this.#admission.withdraw();
    return this.#withdrawn;
  }

  #apply(event: ReplicaEvent): void {
    const before = this.#life;
    this.#life = transition(before, event);
    if (this.#life !== before) this.#host.changed();
  }

  /** The state that cannot be saved now will be with the next change; the replica lives on. */
  async #save(): Promise<void> {
    if (this.#abandoned.signal.aborted) return;
    try {
      await this.#host.save();
    } catch (error) {
      this.#host.event(`replica ${this.record.id}: its state cannot be saved: ${messageOf(error)}`);
    }
  }
}
