export { type EnginePart, FakeEngine, type FakeEngineOptions } from "./fake-engine.ts";
export { FakeOutside } from "./fake-outside.ts";
export { type Behaviour, FakeReplica } from "./fake-replica.ts";
export { FakeStore } from "./fake-store.ts";
export {
  afterMutations,
  atWaypoint,
  begin,
  exampleSettings,
  exampleStrategies,
  intent,
  loose,
  orUnchanged,
  releaseTo,
  rollBack,
  say,
  settledApp,
} from "./scenario.ts";
export {
  type Kill,
  type Scenario,
  type SimEvent,
  Simulation,
  simulate,
  type TraceLine,
} from "./simulate.ts";
export { brokenAfter, brokenBy, type Truth, truthOf } from "./truth.ts";
