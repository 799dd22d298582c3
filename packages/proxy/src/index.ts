export { ownBuild } from "./build.ts";
export { mostWorkers, type WorkerState } from "./control-protocol.ts";
export { ensureProxy, type ProxyOptions } from "./ensure-proxy.ts";
export { portOwner } from "./port-owner.ts";
export { type ProcessRecord, readRecord } from "./process-record.ts";
export {
  askHolder,
  connectProxy,
  type HolderSign,
  type ProxyClient,
  type ProxyStatus,
  type WorkerListener,
} from "./proxy-client.ts";
export { streamsWindowMs } from "./streams/stream-pace.ts";
export type { Draining, ProxyTable, Upstream } from "./table.ts";
export { defaultTimeouts, type ProxyTimeouts } from "./timeouts.ts";
export type { RevisionCounters } from "./worker/counters.ts";
export { anyWorkerAnswers, workerRecords, workerSocketPath } from "./worker-sockets.ts";
