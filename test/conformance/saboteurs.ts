import {
  drainsBetween,
  type EngineMutation,
  type EngineView,
  type LogLine,
  type LogQuery,
  noDrains,
} from "@hitless/core";
import type { FakeEngine } from "@hitless/core/testing";
import { readOf } from "./driver.ts";
import { QuickFake } from "./subjects/fake-subject.ts";

/** Engines that break one clause each, by its number: what the suite must not let pass. */
export const saboteurs: Readonly<Record<number, new () => FakeEngine>> = {
  1: class LosesWhatItAccepted extends QuickFake {
    #accepted = 0;
    override async apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      this.#accepted += 1;
      return this.#accepted % 2 === 0 ? this.#accepted : super.apply(mutation, signal);
    }
  },
  2: class CountsDown extends QuickFake {
    override async apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      return 1000 - (await super.apply(mutation, signal));
    }
  },
  3: class TakesLateTables extends QuickFake {
    override apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      if (mutation.kind !== "route") return super.apply(mutation, signal);
      const generation = Math.max(
        mutation.table.generation,
        this.dataPlane.accepted.generation + 1,
      );
      return super.apply({ kind: "route", table: { ...mutation.table, generation } }, signal);
    }
  },
  4: class KeepsOneTooMany extends QuickFake {
    override apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      if (mutation.kind !== "scale" || mutation.replicas === 0)
        return super.apply(mutation, signal);
      return super.apply({ ...mutation, replicas: mutation.replicas + 1 }, signal);
    }
  },
  5: class WaitsForNoAcknowledgement extends QuickFake {
    constructor() {
      super();
      this.dataPlane.hold = () => undefined;
    }
  },
  6: class ThrowsWhatItCannotRead extends QuickFake {
    override view(): EngineView {
      if (this.dataPlane.held) throw new Error("the data plane does not answer");
      return super.view();
    }
  },
  7: class TellsOnlyOnce extends QuickFake {
    override async *changes(signal: AbortSignal): AsyncIterable<void> {
      for await (const _ of super.changes(signal)) {
        yield;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
    }
  },
  8: class SeesWhatWas extends QuickFake {
    #before: EngineView = super.view();
    override view(): EngineView {
      const stale = this.#before;
      this.#before = super.view();
      return stale;
    }
  },
  9: class NeverForgets extends QuickFake {
    override apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      return mutation.kind === "collect" ? Promise.resolve(99) : super.apply(mutation, signal);
    }
  },
  10: class OverlooksExits extends QuickFake {
    override view(): EngineView {
      const view = super.view();
      if (view.revisions.kind === "unknown") return view;
      const value = view.revisions.value.map((r) => ({ ...r, exits: 0 }));
      return { ...view, revisions: { ...view.revisions, value } };
    }
  },
  11: class HearsOneAtATime extends QuickFake {
    #busy = false;
    override async apply(mutation: EngineMutation, signal: AbortSignal): Promise<number> {
      if (this.#busy) return 0;
      this.#busy = true;
      await Promise.resolve();
      this.#busy = false;
      return super.apply(mutation, signal);
    }
  },
  12: class BeginsAnew extends QuickFake {
    override thaw(): void {
      super.thaw();
      for (const { id } of this.replicas()) this.kill(id);
    }
  },
  13: class AlwaysHasRoom extends QuickFake {
    override view(): EngineView {
      return {
        ...super.view(),
        capacity: { kind: "known", value: { fits: true, detail: "" }, asOf: 0 },
      };
    }
  },
  14: class ForgetsTheTail extends QuickFake {
    override logs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine> {
      return super.logs({ ...query, tail: null }, signal);
    }
  },
  15: class CountsNothing extends QuickFake {
    override view(): EngineView {
      return { ...super.view(), requests: { kind: "known", value: {}, asOf: 0 } };
    }
  },
  16: class BeginsAnotherEpoch extends QuickFake {
    #starts = 0;
    override thaw(): void {
      super.thaw();
      this.#starts += 1;
    }
    override view(): EngineView {
      const view = super.view();
      if (view.traffic.kind === "unknown") return view;
      const epoch = `${view.traffic.value.epoch} ${this.#starts}`;
      return { ...view, traffic: { ...view.traffic, value: { ...view.traffic.value, epoch } } };
    }
  },
  17: class CountsNoErrors extends QuickFake {
    override view(): EngineView {
      const view = super.view();
      if (view.counts.kind === "unknown") return view;
      const { epoch, revisions } = view.counts.value;
      const counts = Object.entries(revisions).map(([n, one]) => [n, { ...one, errors: 0 }]);
      const value = { epoch, revisions: Object.fromEntries(counts) };
      return { ...view, counts: { ...view.counts, value } };
    }
  },
  18: class TakesNobodysPort extends QuickFake {
    override takePort(): void {}
  },
  19: class SendsAllToOne extends QuickFake {
    override view(): EngineView {
      const view = super.view();
      if (view.replicas.kind === "unknown") return view;
      const value = view.replicas.value.map((r) => ({ ...r, address: "127.0.0.1:1" }));
      return { ...view, replicas: { ...view.replicas, value } };
    }
  },
  20: class ForgetsReceipts extends QuickFake {
    #forgotten = noDrains;
    override thaw(): void {
      super.thaw();
      this.#forgotten = readOf(super.view().drains);
    }
    override view(): EngineView {
      const view = super.view();
      const value = drainsBetween(this.#forgotten, readOf(view.drains));
      return { ...view, drains: { kind: "known", value, asOf: 0 } };
    }
  },
};
