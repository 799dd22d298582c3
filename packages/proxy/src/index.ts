export { ensureProxy, type ProxyOptions } from "./ensure-proxy.ts";
export { portOwner } from "./port-owner.ts";
export {
  connectProxy,
  type ProxyClient,
  type ProxyStatus,
  type WorkerListener,
} from "./proxy-client.ts";
export type { ProxyTable, Upstream } from "./table.ts";
export { defaultTimeouts, type ProxyTimeouts } from "./timeouts.ts";
export type { RevisionCounters } from "./worker/counters.ts";
