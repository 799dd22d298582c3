import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort, until } from "./app-bed.ts";
import type { Hold, HoldEnd } from "./hold.ts";
import { type HoldKind, holds } from "./holds.ts";
import type { Certificate } from "./own-certificate.ts";
import { ServerProcess } from "./server-process.ts";

/** A server that is ended by the way that `WAY` names. */
export const heldServer = fileURLToPath(new URL("apps/held/server.mjs", import.meta.url));

/** What ends a server. */
const ways = ["@hitless/app", "naive close", "stoppable", "http-terminator"] as const;

export type Way = (typeof ways)[number];

/** What became of a server that a client held, and of the client. */
export interface HeldEnd {
  readonly kind: HoldKind;
  readonly way: Way;
  /** From SIGTERM, s; null: it had to be killed. */
  readonly seconds: number | null;
  readonly code: string;
  /** In words, as the client saw it. */
  readonly outcome: string;
  /** Whether that is how it should be. */
  readonly good: boolean;
  /** What it said since it listened, by line. */
  readonly lines: readonly string[];
}

export interface HeldBy {
  readonly kind: HoldKind;
  readonly way: Way;
  /** When a server that does not end by itself forces it, ms after the SIGTERM, or after the delay where it has one. */
  readonly limitMs: number;
  /** For those that speak TLS. */
  readonly certificate: Certificate;
}

/** How long ours goes on serving, ms. */
const delayMs = 1000;
const killAfterMs = 6000;
/** After the exit nothing more can come; this is for what is still on its way, ms. */
const lastWordsMs = 5000;

/** Sends SIGTERM to a server that one client holds, and sees how both end. */
export async function endHeld(held: HeldBy): Promise<HeldEnd> {
  const { kind, way, limitMs, certificate } = held;
  const { protocol, shows, open } = holds[kind];
  await using server = await ServerProcess.start({
    file: heldServer,
    port: await freePort(),
    env: {
      WAY: way,
      PROTOCOL: protocol,
      DELAY_MS: String(delayMs),
      LIMIT_MS: String(limitMs),
      KEY: certificate.key,
      CERTIFICATE: certificate.certificate,
    },
  });
  const hold = await open({ port: server.port, certificate: certificate.text });
  if (shows !== undefined) await cameTo(server, shows);
  const at = performance.now();
  server.kill("SIGTERM");
  const exit = await Promise.race([server.exited, after(limitMs + killAfterMs, null)]);
  if (exit === null) server.kill("SIGKILL");
  const { outcome, good } = await endOf(hold);
  const { code } = await server.exited;
  const seconds = exit === null ? null : (exit.at - at) / 1000;
  return { kind, way, seconds, code, outcome, good, lines: server.lines };
}

/** Resolves when a held server has said that this came: a path, or `connection`. */
export async function cameTo({ lines }: ServerProcess, what: string): Promise<void> {
  const line = JSON.stringify({ came: what });
  await until(() => lines.includes(line), `the server says ${line}`);
}

async function endOf(hold: Hold): Promise<HoldEnd> {
  const nothing = { outcome: "heard nothing of it", good: false };
  return await Promise.race([hold.ended, after(lastWordsMs, nothing)]);
}
