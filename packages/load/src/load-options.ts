import { HitlessError } from "@hitless/core";
import type { Expectation } from "./judge-answer.ts";
import type { Mix } from "./kind.ts";
import type { Paths } from "./request-source.ts";

/** What load to put on what. */
export interface LoadOptions {
  /** `http://host:port`, with a path in front of all others if need be. Better an address than a name. */
  readonly url: string;
  /** Requests per second, evenly spaced; up to about 5000. */
  readonly rate: number;
  /** Default `{fresh: 35, keepalive: 35, post: 25, slow: 5}`; for `any` half `fresh`, half `keepalive`. */
  readonly mix?: Mix;
  /** Milliseconds from the scheduled time after which an answer counts as lost; default 5000. */
  readonly lateAfterMs?: number;
  /** Default `shop`. */
  readonly expect?: Expectation;
  /** Default `/`, `/orders` and `/slow?ms=300`. */
  readonly paths?: Partial<Paths>;
  /** Makes the order of kinds, the bodies and the idle times repeatable; default 1. */
  readonly seed?: number;
  /** Cap of open connections; a request beyond it is lost as `no-connection`. Default 2000. */
  readonly maxConnections?: number;
  /**
   * Longest idle time after which a keep-alive connection is still used, in milliseconds; default
   * 4000. Keep it below the idle timeout of the server: beyond, HTTP/1.1 has a race of its own.
   */
  readonly idleUpToMs?: number;
  /**
   * Port of the next connection, asked for each one, as by a balancer that chooses where a
   * connection goes and never moves it again; default the port of `url`.
   */
  readonly nextPort?: () => number;
  /** Name of the phase before the first call of `phase`; default `load`. */
  readonly firstPhase?: string;
}

/** `LoadOptions` checked and filled with the defaults. */
export interface LoadSettings {
  readonly url: URL;
  readonly rate: number;
  readonly mix: Mix;
  readonly lateAfterMs: number;
  readonly expect: Expectation;
  readonly paths: Paths;
  readonly seed: number;
  readonly maxConnections: number;
  readonly idleUpToMs: number;
  readonly nextPort: () => number;
  readonly firstPhase: string;
}

const defaults = {
  lateAfterMs: 5000,
  expect: "shop",
  seed: 1,
  maxConnections: 2000,
  idleUpToMs: 4000,
  firstPhase: "load",
} as const;

const defaultPaths: Paths = { get: "/", post: "/orders", slow: "/slow?ms=300" };
const shopMix: Mix = { fresh: 35, keepalive: 35, post: 25, slow: 5 };
const anyMix: Mix = { fresh: 50, keepalive: 50 };

/** Checks the options. Throws `BAD_INPUT` for a url that is not `http:`, and for numbers out of range. */
export function settingsOf(options: LoadOptions): LoadSettings {
  const expect = options.expect ?? defaults.expect;
  const mix = options.mix ?? (expect === "any" ? anyMix : shopMix);
  checkMix(mix);
  const url = httpUrl(options.url);
  const settings = {
    ...defaults,
    nextPort: () => Number(url.port || 80),
    ...options,
    url,
    expect,
    mix,
    paths: { ...defaultPaths, ...options.paths },
  };
  for (const name of ["rate", "lateAfterMs", "maxConnections", "idleUpToMs"] as const) {
    if (!(settings[name] > 0 && Number.isFinite(settings[name]))) {
      throw new HitlessError(
        "BAD_INPUT",
        `${name} must be a number above 0, not ${settings[name]}`,
      );
    }
  }
  return settings;
}

function checkMix(mix: Mix): void {
  const weights = Object.values(mix);
  if (weights.some((weight) => !(weight >= 0)) || !weights.some((weight) => weight > 0)) {
    throw new HitlessError(
      "BAD_INPUT",
      `the mix ${JSON.stringify(mix)} needs a weight above 0, and none below`,
    );
  }
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "http:") return url;
  throw new HitlessError("BAD_INPUT", `cannot put load on ${JSON.stringify(text)}`, {
    next: "Give a url such as http://127.0.0.1:8080; TLS is not spoken.",
  });
}
