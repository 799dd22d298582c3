export type { Check, CheckSettings, CheckStatus, CheckView } from "./checks/check.ts";
export { type Identity, identityOf, logFields } from "./identity.ts";
export type { Logger } from "./log.ts";
export type { PromClient, PromRegistry } from "./metrics/prom-client.ts";
export type { MetricsOptions } from "./metrics/service-metrics.ts";
export type { DrainOptions, ProbePaths, ServeOptions, ShutdownHook } from "./options.ts";
export type {
  DrainReason,
  DrainReceipt,
  DrainSeconds,
  HookReceipt,
  HungRequest,
} from "./receipt.ts";
export { type ListenOptions, type Service, serve } from "./serve.ts";
export type { StartupTask } from "./startup.ts";
export type { EventStream, EventStreamOptions, ServerSentEvent } from "./streams/event-stream.ts";
export type { WebSocketLike, WebSocketServerLike } from "./streams/web-sockets.ts";
