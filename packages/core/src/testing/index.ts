export { anonymisedTrace } from "./anonymised-trace.ts";
export { exampleReceipt } from "./example-receipt.ts";
export {
  afterMutations,
  atWaypoint,
  begin,
  exampleHook,
  exampleMetric,
  exampleSettings,
  exampleStrategies,
  intent,
  loose,
  orUnchanged,
  releaseTo,
  rollBack,
  type Spoken,
  say,
  settledApp,
} from "./examples.ts";
export {
  type EnginePart,
  FakeEngine,
  type FakeEngineOptions,
} from "./fake-engine.ts";
export { FakeOutside } from "./fake-outside.ts";
export { type Behaviour, FakeReplica } from "./fake-replica.ts";
export { FakeStore } from "./fake-store.ts";
export { type Difference, type ReplayReport, replayTrace } from "./replay.ts";
export type { Scenario, SimEvent } from "./scenario.ts";
export { Simulation, simulate } from "./simulate.ts";
export { type Batch, type Broken, medianOf, only, playMany } from "./stories/batch.ts";
export { Coverage, impossible } from "./stories/coverage.ts";
export { play } from "./stories/play.ts";
export { tell } from "./stories/tell.ts";
