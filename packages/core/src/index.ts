export { countsSince } from "./analysis/counts-since.ts";
export { wealth } from "./analysis/evidence.ts";
export { measured, newMetricState } from "./analysis/measured.ts";
export { type Needed, type RequestsNeeded, requestsNeeded } from "./analysis/requests-needed.ts";
export * from "./app-file/index.ts";
export { counted } from "./counted.ts";
export * from "./diagnosis/audit-state.ts";
export * from "./diagnosis/describe.ts";
export * from "./diagnosis/describe-happened.ts";
export * from "./diagnosis/describe-receipt.ts";
export * from "./diagnosis/leaf-changes.ts";
export * from "./errors.ts";
export * from "./failpoints.ts";
export * from "./model/app.ts";
export * from "./model/audit.ts";
export * from "./model/decision.ts";
export { requestSecondsAfterSignal } from "./model/drain-budget.ts";
export * from "./model/drain-receipt.ts";
export * from "./model/drains.ts";
export * from "./model/failure.ts";
export * from "./model/front.ts";
export * from "./model/happened.ts";
export * from "./model/hook.ts";
export * from "./model/latency.ts";
export * from "./model/maintenance.ts";
export * from "./model/metric.ts";
export * from "./model/mutation.ts";
export * from "./model/notification.ts";
export * from "./model/observed.ts";
export * from "./model/probe.ts";
export * from "./model/release.ts";
export * from "./model/release-window.ts";
export * from "./model/revision.ts";
export * from "./model/route.ts";
export * from "./model/route-intent.ts";
export * from "./model/strategy.ts";
export * from "./model/traffic.ts";
export * from "./model/waypoint.ts";
export * from "./model/why.ts";
export * from "./ports/artifact-store.ts";
export * from "./ports/clock.ts";
export * from "./ports/engine.ts";
export * from "./ports/outside.ts";
export * from "./ports/recorder.ts";
export * from "./ports/release-store.ts";
export * from "./ports/state-file.ts";
export { type FreezeRequest, frozenText, refuseFrozen, setFrozen } from "./reconciler/freeze.ts";
export { alreadySo, applyIntent } from "./reconciler/intents.ts";
export { references, violations } from "./reconciler/invariants.ts";
export { unknownRate, whyNotNow } from "./reconciler/may-begin.ts";
export { newestRelease } from "./reconciler/meant-for.ts";
export { needs, next } from "./reconciler/next.ts";
export { heldByHook } from "./reconciler/outside-step.ts";
export { courseOf } from "./reconciler/position.ts";
export { extendDeadlines, takeUp } from "./reconciler/progress.ts";
export {
  type BusyPolicy,
  busyPolicies,
  changeSettings,
  droppedBetween,
  hurryPending,
  newApp,
  previousRevision,
  type ReleaseRequest,
  replicasFromFile,
  requestRelease,
  requestRollback,
  setMaintenance,
  setReplicas,
} from "./reconciler/requests.ts";
export { account } from "./reconciler/traffic.ts";
export { carryOut, type TurnInput, type TurnPorts } from "./reconciler/turn.ts";
export { type Facts, isWhy, readWorld } from "./reconciler/world.ts";
export { appShape } from "./shapes/app-shape.ts";
export { readReceipt } from "./shapes/drain-receipt-shape.ts";
export { exitShape } from "./shapes/failure-shape.ts";
export { type HookNotes, hookNotesShape } from "./shapes/hook-note-shape.ts";
export { type Outbox, outboxShape } from "./shapes/outbox-shape.ts";
export { appEventShape, drainTotalsShape, releaseRecordShape } from "./shapes/release-shape.ts";
export { revisionShape } from "./shapes/revision-shape.ts";
export { routeTableShape } from "./shapes/route-shape.ts";
export { compile } from "./strategies/compile.ts";
export { countOf, limitsOf } from "./strategies/rounding.ts";
export { TraceEncoder } from "./trace/trace-encoder.ts";
