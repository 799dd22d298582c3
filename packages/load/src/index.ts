export { accepts } from "./accepts.ts";
export type { AppCommand } from "./app-process.ts";
export { type Cause, causes } from "./cause.ts";
export { type Certificate, certify } from "./certify/certify.ts";
export {
  type CertifyOptions,
  type Dependency,
  type Front,
  fronts,
} from "./certify/certify-options.ts";
export { fixAnchors, fixPage, type Item, type Verdict } from "./certify/item.ts";
export { freePort } from "./free-port.ts";
export type { Expectation } from "./judge-answer.ts";
export { type Kind, kinds, type Mix } from "./kind.ts";
export type { LatencySummary } from "./latency-histogram.ts";
export type { LoadOptions } from "./load-options.ts";
export type { KindReport, LoadReport, LossExample, PhaseReport } from "./load-report.ts";
export { medianOf } from "./median.ts";
export { type MemorySample, type MemoryTrend, trendOf } from "./memory-trend.ts";
export { type RenderOptions, renderReport } from "./render-report.ts";
export type { Paths } from "./request-source.ts";
export { type ControlOptions, type ControlReport, runControl } from "./run-control.ts";
export { seededRandom } from "./seeded-random.ts";
export { type LoadSession, startLoad } from "./start-load.ts";
export { type LoadVerdict, verdictOf } from "./verdict-of.ts";
