import { type App, newApp, type ReleaseRecord, type Revision, setReplicas } from "@hitless/core";
import {
  afterMutations,
  begin,
  exampleSettings,
  FakeEngine,
  intent,
  rollBack,
  type SimEvent,
  Simulation,
} from "@hitless/core/testing";
import { revisionOf } from "../replicas/fixtures/bench.ts";
import type { FileStore } from "../state/file-store.ts";

/** What a controller asks of its store, in order. */
export type StoreCall =
  | { readonly kind: "revision"; readonly revision: Revision }
  | { readonly kind: "save"; readonly app: App }
  | { readonly kind: "record"; readonly record: ReleaseRecord };

/** All that is saved in the life of an app: its first release, others, an abort, a rollback, a scaling. */
export async function storeCallsOfALife(): Promise<readonly StoreCall[]> {
  const engine = new FakeEngine();
  const calls: StoreCall[] = [];
  const live = async (app: App, ...events: SimEvent[]): Promise<App> => {
    const { release } = app;
    if (release !== null && release.kind !== "rollback") {
      calls.push({ kind: "revision", revision: { ...revisionOf(), number: release.to } });
    }
    const simulation = new Simulation({ app, engine, events });
    const { onSave, onRecord } = simulation.store;
    simulation.store.onSave = (saved) => {
      calls.push({ kind: "save", app: saved });
      onSave(saved);
    };
    simulation.store.onRecord = (record) => {
      calls.push({ kind: "record", record });
      onRecord(record);
    };
    return (await simulation.run()).app;
  };
  let app = await live(begin(newApp("shop", exampleSettings), 1, engine.now()));
  app = await live(begin(app, 2, engine.now()));
  app = await live(begin(app, 3, engine.now()), intent("abort", afterMutations(3)));
  app = await live(rollBack(app, 1, engine.now()));
  await live(setReplicas(app, 2));
  return calls;
}

export async function carryOutCall(store: FileStore, call: StoreCall): Promise<void> {
  switch (call.kind) {
    case "revision":
      return store.addRevision(call.revision);
    case "save":
      return store.save(call.app);
    case "record":
      return store.addRecord(call.record);
  }
}
