import { failpoint, messageOf } from "@hitless/core";
import { unlessDiskFault } from "../state/disk-fault.ts";
import { pause } from "../wait.ts";
import type { Replica } from "./replica.ts";
import type { ReplicaHost } from "./replica-host.ts";

/** Before the data plane is asked again after a failure. */
const retryMs = 200;

/** Keeps the data plane at what was wanted last: requests for this replica, or none. */
export class Admission {
  readonly #replica: Replica;
  readonly #host: ReplicaHost;
  readonly #signal: AbortSignal;
  #turn = 0;

  constructor(replica: Replica, host: ReplicaHost, signal: AbortSignal) {
    this.#replica = replica;
    this.#host = host;
    this.#signal = signal;
  }

  /**
   * Routes requests to the replica; false when that was not wanted any more before it was
   * acknowledged. The record says so first, where the disk takes it: a successor must not withdraw it.
   */
  async admit(): Promise<boolean> {
    const { record } = this.#replica;
    return this.#insist("admitted", async (isWanted) => {
      record.admitted = true;
      record.served = true;
      await this.#host.save().catch(unlessDiskFault);
      await failpoint("admission-recorded");
      if (isWanted()) await this.#host.admit(this.#replica);
      await failpoint("replica-admitted");
    });
  }

  /** Routes nothing new to the replica; resolved when that is acknowledged, or wanted no more. */
  async withdraw(): Promise<void> {
    const { record } = this.#replica;
    record.admitted = false;
    if (!record.served) {
      this.#turn += 1;
      return;
    }
    await this.#insist("withdrawn", () => this.#host.withdraw(record.id));
  }

  async #insist(what: string, ask: (isWanted: () => boolean) => Promise<void>): Promise<boolean> {
    this.#turn += 1;
    const turn = this.#turn;
    const isWanted = (): boolean => turn === this.#turn && !this.#signal.aborted;
    while (isWanted()) {
      try {
        await ask(isWanted);
        return isWanted();
      } catch (error) {
        if (!isWanted()) return false;
        const why = messageOf(error);
        this.#host.event(`replica ${this.#replica.record.id} cannot be ${what} yet: ${why}`);
      }
      await pause(retryMs, this.#signal).catch(() => {});
    }
    return false;
  }
}
