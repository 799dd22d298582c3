import { HitlessError } from "@hitless/core";
import type { AppCommand } from "../app-process.ts";
import { withoutShell } from "./without-shell.ts";

/**
 * What stands in front of the app and decides when requests stop coming:
 * - `kubernetes`: they come for `drainDelayMs` after SIGTERM; readiness may turn or hold;
 * - `load-balancer`: the same, but it goes by readiness, which has to turn;
 * - `hitless`: routed away before the signal; nothing comes afterwards, and a command that a shell
 *   runs gets the signal as a whole group.
 */
export const fronts = ["kubernetes", "load-balancer", "hitless"] as const;

export type Front = (typeof fronts)[number];

/** Paths of the app; what is left out is looked for, or not tested. */
export interface CertifyPaths {
  /** An ordinary request, answered 2xx. Default `/`. */
  readonly path?: string | undefined;
  readonly ready?: string | undefined;
  readonly health?: string | undefined;
  readonly startup?: string | undefined;
  /** A POST that is answered 2xx whatever its body; default: `path`, if it takes one. */
  readonly post?: string | undefined;
  /** A GET whose answer takes a second or more. */
  readonly slow?: string | undefined;
  /** Server-sent events. */
  readonly sse?: string | undefined;
  readonly webSocket?: string | undefined;
}

/** Something that the app needs, reached through a relay that can be cut. */
export interface Dependency {
  /** The environment variable that gets the relay's address. */
  readonly variable: string;
  /** `host:port`, or a URL whose host and port are replaced. */
  readonly address: string;
}

/**
 * What is to be certified, and for which platform. A simple `command` takes the place of the shell
 * that runs it, so that it gets the signal itself; one with `&&`, `;` or `|` has a shell in front.
 */
export interface CertifyOptions extends AppCommand {
  /** Default `kubernetes`. */
  readonly behind?: Front;
  /** How long requests still come after SIGTERM; default 3000, and 0 behind `hitless`. */
  readonly drainDelayMs?: number | undefined;
  /** From SIGTERM to SIGKILL; default 30000. */
  readonly graceMs?: number;
  /** How long the app may take to be ready; default 30000. */
  readonly startTimeoutMs?: number;
  /** The one port that the app listens on, when `PORT` does not tell it; copies then run one by one. */
  readonly port?: number | undefined;
  readonly paths?: CertifyPaths;
  readonly dependencies?: readonly Dependency[];
  /** Requests per second of the load; default 100. */
  readonly rate?: number;
  /** How long the load runs before SIGTERM; default 1000. */
  readonly steadyMs?: number;
  /** Told what is under way, a line at a time. */
  readonly tell?: (line: string) => void;
}

/** `CertifyOptions` checked and filled with the defaults. */
export interface CertifySettings {
  /** As it was given. */
  readonly command: AppCommand["command"];
  readonly app: AppCommand;
  readonly behind: Front;
  readonly drainDelayMs: number;
  readonly graceMs: number;
  readonly startTimeoutMs: number;
  readonly port: number | null;
  readonly paths: CertifyPaths & { readonly path: string };
  readonly dependencies: readonly Dependency[];
  readonly rate: number;
  readonly steadyMs: number;
  readonly tell: (line: string) => void;
}

const defaults = {
  behind: "kubernetes",
  graceMs: 30_000,
  startTimeoutMs: 30_000,
  rate: 100,
  steadyMs: 1000,
  tell: () => {},
} as const;
const usualDrainDelayMs = 3000;
/** What Hitless keeps of a grace for hooks and the exit, of a short one half, in milliseconds. */
const forTheExitMs = 5000;

/** Checks the options. Throws `BAD_INPUT` for paths, times and addresses that make no sense. */
export function certifySettingsOf(options: CertifyOptions): CertifySettings {
  const { command, dependencies = [], paths, port = null } = options;
  for (const path of Object.values(paths ?? {})) checkPath(path);
  for (const dependency of dependencies) endpointOf(dependency);
  const given = { ...defaults, ...options };
  checkNumber("port", port ?? 1, 65_535);
  checkNumber("rate", given.rate, 5000);
  const drainDelayMs = drainDelayOf(given);
  return {
    command,
    app: appOf(given),
    behind: given.behind,
    drainDelayMs,
    graceMs: given.graceMs,
    startTimeoutMs: given.startTimeoutMs,
    port,
    paths: { ...paths, path: paths?.path ?? "/" },
    dependencies,
    rate: given.rate,
    steadyMs: given.steadyMs,
    tell: given.tell,
  };
}

interface Times {
  readonly behind: Front;
  readonly graceMs: number;
  readonly drainDelayMs?: number | undefined;
}

function drainDelayOf({ behind, graceMs, ...given }: Times): number {
  const drainDelayMs = given.drainDelayMs ?? (behind === "hitless" ? 0 : usualDrainDelayMs);
  if (behind === "hitless" && drainDelayMs > 0) {
    throw new HitlessError("BAD_INPUT", "a drain delay behind hitless, which routes away first", {
      next: "Leave one of the two out.",
    });
  }
  if (graceMs > drainDelayMs) return drainDelayMs;
  const sum = `a grace of ${graceMs / 1000} s with a drain delay of ${drainDelayMs / 1000} s`;
  throw new HitlessError("BAD_INPUT", `${sum} leaves no time to finish in`, {
    next: "Give a longer grace or a shorter delay.",
  });
}

/**
 * Behind Hitless the app is told what Hitless tells it: that nothing comes after the signal, and how
 * long requests may take then.
 */
function appOf({ command, cwd, env, behind, graceMs }: AppCommand & Times): AppCommand {
  const budgetMs = Math.max(graceMs - forTheExitMs, graceMs / 2);
  const told = {
    HITLESS_DRAIN_DELAY_SECONDS: "0",
    HITLESS_DRAIN_TIMEOUT_SECONDS: String(budgetMs / 1000),
  };
  return {
    command: typeof command === "string" ? withoutShell(command) : command,
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...env, ...(behind === "hitless" ? told : {}) },
  };
}

/** Where a dependency is. Throws `BAD_INPUT` when its address has no host and port. */
export function endpointOf({ variable, address }: Dependency): { host: string; port: number } {
  const text = address.includes("://") ? address : `tcp://${address}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const port = Number(url?.port ?? "");
  if (url !== null && url.hostname !== "" && port > 0) {
    return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
  }
  throw new HitlessError("BAD_INPUT", `the dependency ${variable}=${address} names no port`, {
    next: "Write NAME=host:port, or NAME=postgres://user@host:5432/db.",
  });
}

function checkNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new HitlessError("BAD_INPUT", `${name} is ${value}; it must be from 1 to ${most}`);
}

function checkPath(path: string | undefined): void {
  if (path === undefined || /^\/[!-~]*$/.test(path)) return;
  throw new HitlessError("BAD_INPUT", `the path ${JSON.stringify(path)} does not begin with /`, {
    next: "Write it as it stands in a request, e.g. /ready.",
  });
}
