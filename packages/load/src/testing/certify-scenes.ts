import type { Asked } from "../ask.ts";
import type { EndSeen, StartSeen } from "../certify/app-under-test.ts";
import type { HeldSeen } from "../certify/held-rehearsal.ts";
import type { LoadSeen } from "../certify/load-rehearsal.ts";
import { type PhaseFacts, reportOf } from "./reports.ts";

export const good: Asked = { kind: "answered", status: 200, body: "ok" };
export const bad: Asked = { kind: "answered", status: 503, body: "no" };
export const refused: Asked = {
  kind: "lost",
  loss: { cause: "refused", detail: "ECONNREFUSED", onReused: false },
};

/** A start after 100 ms. */
export const start: Extract<StartSeen, { kind: "ready" }> = {
  kind: "ready",
  readyMs: 100,
  firstAnswer: good,
};

/** An end after 1500 ms with exit code 0. */
export function exited(facts: Partial<Extract<EndSeen, { kind: "exited" }>> = {}): EndSeen {
  const usual = { code: 0, signal: null, ms: 1500, left: [], stillServes: false };
  return { kind: "exited", ...usual, ...facts };
}

/** A run under load of an app without fault; `after`: what the load met since the signal. */
export function loaded(facts: Partial<LoadSeen> = {}, after: Partial<PhaseFacts> = {}): LoadSeen {
  const steady = { name: "steady", answered: 100 };
  const stop = { name: "stop", answered: 50, ...after };
  return {
    start,
    endpoints: {
      ready: "/ready",
      health: "/health",
      startup: "/startup",
      post: "/",
      postRefused: null,
      answersEverything: false,
    },
    probed: { ready: good, health: good, startup: good },
    before: reportOf([steady]).total,
    total: reportOf([steady, stop]).total,
    readiness: [{ ms: 10, asked: bad }],
    liveness: [{ ms: 10, asked: good }],
    keepAlive: [{ use: "busy", answers: 1, announced: true, closedMs: 40, loss: null }],
    end: exited(),
    said: "",
    ...facts,
  };
}

/** What a slow request met that was answered after the listener was closed. */
export function held(facts: Partial<HeldSeen> = {}): HeldSeen {
  return {
    kind: "slow",
    start,
    held: { kind: "answered", status: 200 },
    heldMs: 1400,
    deafMs: 1200,
    end: exited(),
    ...facts,
  };
}
