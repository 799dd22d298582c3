/**
 * What the data plane needs of the domain while it runs. No schema is among it: a process of the
 * proxy starts without them, in two thirds of the time.
 */
export * from "./model/front.ts";
export * from "./model/latency.ts";
export * from "./model/route.ts";
export * from "./model/traffic.ts";
