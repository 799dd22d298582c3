import type { IncomingMessage } from "node:http";
import type { Check } from "./checks/check.ts";
import type { Logger } from "./log.ts";
import type { MetricsOptions } from "./metrics/service-metrics.ts";
import type { StartupTask } from "./startup.ts";

/** All optional: `serve(server)` alone has endpoints and drains well. */
export interface ServeOptions {
  /** Where the probes are answered. Default `/startup`, `/health`, `/ready`. */
  readonly paths?: Partial<ProbePaths> | undefined;
  /** Of `/startup` and `/ready` when the answer is no. Default 503. */
  readonly notReadyStatus?: 503 | 500 | undefined;
  /** True: bodies of probes hold the messages of failed checks, too. Default false, names only: messages may hold addresses. */
  readonly details?: boolean | undefined;
  /**
   * What has to be over once before `/startup` and `/ready` answer 200, by name. Rejected: said, tried again each second.
   * A drain waits for those under way, as for `service.work()`; their signal aborts when it begins.
   */
  readonly startup?: Readonly<Record<string, StartupTask>> | undefined;
  /** What the service needs, by name; a bare function is a critical check with the defaults. */
  readonly checks?: Readonly<Record<string, Check | Check["run"]>> | undefined;
  readonly drain?: DrainOptions | undefined;
  /** Run in this order after the last answer: close pools, flush buffers. */
  readonly onShutdown?: readonly ShutdownHook[] | undefined;
  /** Which signals begin the drain. Default `["SIGTERM", "SIGINT"]`; `[]` leaves signals alone: call `service.shutdown()`. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** False: the process is left running after a drain. Default true. */
  readonly exit?: boolean | undefined;
  /** True: an uncaught exception drains, too, then exits with 1. Default true. A listener of yours for it comes first: then this does nothing. */
  readonly drainOnCrash?: boolean | undefined;
  /** Default: JSON lines on standard output. A pino or fastify logger fits; null says nothing. */
  readonly logger?: Logger | null | undefined;
  /**
   * Idle keep-alive connections are closed after this. Default 620,000: a load balancer in front must be the first
   * to close (nginx 75 s, AWS ALB 60 s, Google 600 s), or it sends requests into closing connections. Only where the server still has Node's default of 5 s.
   */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** Requests and event loop, by `prom-client`. Default: none. */
  readonly metrics?: MetricsOptions | undefined;
  /** Label of the metrics. Default `HITLESS_REVISION`, else empty. */
  readonly revision?: string | undefined;
  /** Name of a request's route for receipt and metrics, such as `/orders/:id`. Default: what express or NestJS noted on the request. */
  readonly route?: ((request: IncomingMessage) => string | undefined) | undefined;
}

export interface ProbePaths {
  readonly startup: string;
  readonly health: string;
  readonly ready: string;
}

export interface DrainOptions {
  /**
   * How long to go on serving after the signal, until nobody routes here any more. Default 5000.
   * `HITLESS_DRAIN_DELAY_SECONDS` in the environment wins: who routes knows best. SIGINT, a person at a keyboard, has no delay.
   */
  readonly delayMs?: number | undefined;
  /**
   * For requests under way when the delay is over. Default 20,000: with the delay and a hook of 5 s it fits into
   * the 30 s after which Kubernetes kills by default. `HITLESS_DRAIN_TIMEOUT_SECONDS` wins.
   */
  readonly timeoutMs?: number | undefined;
  /** How long an idle connection stays open behind the closed listener, for a request that is on its way. Default 1500. */
  readonly lingerMs?: number | undefined;
  /**
   * `flip`: `/ready` answers 503 from the signal on, for load balancers that ask it. `hold`: it stays 200, for
   * plain Kubernetes Services, which take the pod away by themselves and send to terminating ones when no other is left. Default `flip`.
   */
  readonly readiness?: "flip" | "hold" | undefined;
}

export interface ShutdownHook {
  readonly name: string;
  /** Must stop when the signal aborts, at the end of its budget. */
  run(signal: AbortSignal): unknown;
  /** Default 5000. */
  readonly timeoutMs?: number | undefined;
}

export type BudgetedHook = ShutdownHook & { readonly timeoutMs: number };

/** What a drain goes by, in ms. */
export interface DrainBudget {
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly lingerMs: number;
  readonly readiness: "flip" | "hold";
}

/** @throws TypeError for a number that is none, or negative. */
export function drainBudget(options: DrainOptions = {}, env = process.env): DrainBudget {
  return {
    delayMs:
      handedOver(env, "HITLESS_DRAIN_DELAY_SECONDS") ?? ms("drain.delayMs", options.delayMs, 5000),
    timeoutMs:
      handedOver(env, "HITLESS_DRAIN_TIMEOUT_SECONDS") ??
      ms("drain.timeoutMs", options.timeoutMs, 20_000),
    lingerMs: ms("drain.lingerMs", options.lingerMs, 1500),
    readiness: oneOf("drain.readiness", options.readiness ?? "flip", ["flip", "hold"]),
  };
}

/** @throws TypeError for a path that is none, or stands for two probes. */
export function probePaths(given: Partial<ProbePaths> = {}): ProbePaths {
  const paths = {
    startup: given.startup ?? "/startup",
    health: given.health ?? "/health",
    ready: given.ready ?? "/ready",
  };
  for (const [name, path] of Object.entries(paths)) {
    if (!path.startsWith("/"))
      throw new TypeError(`paths.${name} is "${path}"; it must begin with /`);
  }
  if (new Set(Object.values(paths)).size < 3) {
    throw new TypeError(`paths are ${Object.values(paths).join(", ")}; each probe needs its own`);
  }
  return paths;
}

/** With a budget each. @throws TypeError for a budget that is none. */
export function shutdownHooks(given: readonly ShutdownHook[] = []): readonly BudgetedHook[] {
  return given.map((hook) => ({
    name: hook.name,
    run: (signal) => hook.run(signal),
    timeoutMs: ms(`onShutdown ${hook.name}.timeoutMs`, hook.timeoutMs, 5000),
  }));
}

/** @throws TypeError unless it is a whole number of ms from 0 to a day. */
export function ms(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && value >= 0 && value <= 86_400_000) return value;
  throw new TypeError(
    `${name} is ${value}; it must be a whole number of milliseconds, at most a day`,
  );
}

/** @throws TypeError for anything else. */
export function oneOf<T extends string | number>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new TypeError(`${name} is ${String(value)}; it must be ${allowed.join(" or ")}`);
}

function handedOver(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400)
    return Math.round(seconds * 1000);
  throw new TypeError(`${name} is "${text}"; it must be a number of seconds, at most a day`);
}
