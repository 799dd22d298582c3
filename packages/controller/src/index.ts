export type { Accepted } from "./api/accepted.ts";
export { ControllerClient } from "./api/client.ts";
export { type IntentBody, Operations } from "./api/operations.ts";
export { type ReleaseBody, serveApi } from "./api/server.ts";
export type { ReleaseStatus, StatusReport } from "./api/status.ts";
export { Controller } from "./loop/controller.ts";
export { serveMetrics } from "./metrics/serve-metrics.ts";
export { type AppPlace, RevisionMaker } from "./revisions/revision-maker.ts";
export { metricsSource } from "./sources/metrics-source.ts";
