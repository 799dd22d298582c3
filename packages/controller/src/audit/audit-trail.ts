import { randomUUID } from "node:crypto";
import {
  type Asked,
  type AuditEntry,
  auditStateOf,
  HitlessError,
  type ReleaseStore,
} from "@hitless/core";
import type { Change, Controller } from "../loop/controller.ts";

/** Why an accepted change is not in the audit log; null when it is. */
export interface Audited {
  readonly notAudited: string | null;
}

/** Who asks what; the trail gives it its number. */
export type Asking = Omit<Asked, "request">;

/** Tells the audit log of a change before that is saved. */
export type Note = (change: Change) => Promise<void>;

/** Writes down who asked what and what came of it, before the asker hears of it. */
export class AuditTrail {
  private readonly controller: Controller;
  private readonly store: ReleaseStore;

  constructor(controller: Controller, store: ReleaseStore) {
    this.controller = controller;
    this.store = store;
  }

  /**
   * Does what was asked. `work` hands over its change before that is saved, so that no change is
   * without its entry. When an entry cannot be written (a full disk) the change is made all the same
   * and its answer says so: an abort must be possible then, too.
   */
  async of<T>(asked: Asking, work: (note: Note) => Promise<T>): Promise<T & Audited> {
    const whole = { ...asked, request: randomUUID() };
    let noted = false;
    let notAudited: string | null = null;
    const accept = async (change: Change) => {
      noted = true;
      notAudited = await this.write(whole, change, { kind: "accepted" });
    };
    try {
      const answer = await work(accept);
      if (!noted) await accept(this.unchanged());
      return { ...answer, notAudited };
    } catch (thrown) {
      const { code, message } = HitlessError.from(thrown);
      await this.write(whole, this.unchanged(), { kind: "refused", code, message });
      throw thrown;
    }
  }

  private unchanged(): Change {
    const app = this.controller.current;
    return { before: app, after: app };
  }

  /** What stood in the way of writing it; null when it is on disk. */
  private async write(
    asked: Asked,
    { before, after }: Change,
    result: AuditEntry["result"],
  ): Promise<string | null> {
    const states = { before: auditStateOf(before), after: auditStateOf(after) };
    const at = Date.now();
    try {
      await this.store.addAudit({ at, ...asked, ...states, result });
      return null;
    } catch (thrown) {
      const why = HitlessError.from(thrown).message;
      const text = `${asked.command} by ${asked.who.name} is ${result.kind} and not in the audit log: ${why}`;
      await this.store.addEvent({ at, kind: "audit", text }).catch(() => undefined);
      return why;
    }
  }
}
