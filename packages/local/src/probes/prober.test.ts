import type { Probe, ProbeAnswer } from "@hitless/core";
import { afterEach, expect, it, vi } from "vitest";
import type { PortOwner } from "../processes/listeners.ts";
import { Prober, type ProbeTransition } from "./prober.ts";

type Name = ProbeAnswer["probe"];

interface Asked {
  readonly name: Name;
  readonly atMs: number;
}

/** A prober on a clock of its own, whose answers are made from the time. */
interface Rig {
  readonly transitions: string[];
  readonly asked: Asked[];
  readonly stop: () => void;
}

interface RigOptions {
  readonly probes: Partial<Record<Name, Partial<Probe>>>;
  readonly answer: (name: Name, atMs: number) => boolean;
  readonly owner?: (atMs: number) => PortOwner;
  readonly started?: boolean;
  readonly runningMs?: number;
  readonly answerMs?: number;
}

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
});

function probe(name: Name, changes: Partial<Probe> = {}): Probe {
  return {
    check: { kind: "httpGet", path: `/${name}`, port: null, headers: {} },
    initialDelaySeconds: 0,
    periodSeconds: 1,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
    ...changes,
  };
}

function rig(options: RigOptions): Rig {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const begin = performance.now();
  const atMs = (): number => Math.round(performance.now() - begin);
  const transitions: string[] = [];
  const asked: Asked[] = [];
  const over = new AbortController();
  const { startup, liveness, readiness } = options.probes;
  const prober = new Prober({
    probes: {
      startup: startup === undefined ? null : probe("startup", startup),
      liveness: liveness === undefined ? null : probe("liveness", liveness),
      readiness: probe("readiness", readiness),
    },
    port: 20_011,
    started: options.started ?? false,
    runningMs: options.runningMs ?? 0,
    ask: async (check) => {
      const name = nameOf(check.kind === "httpGet" ? check.path : "");
      asked.push({ name, atMs: atMs() });
      const ok = options.answer(name, atMs());
      if (options.answerMs !== undefined) await tick(options.answerMs);
      return { ok, evidence: ok ? "200" : "503" };
    },
    owner: () => options.owner?.(atMs()) ?? { kind: "ours", pid: 1 },
    onTransition: (transition) => transitions.push(`${atMs()} ${inWords(transition)}`),
    onAnswer: () => {},
  });
  const stop = (): void => over.abort();
  stops.push(stop);
  void prober.run(over.signal);
  return { transitions, asked, stop };
}

function nameOf(path: string): Name {
  return path === "/startup" ? "startup" : path === "/liveness" ? "liveness" : "readiness";
}

function tick(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function inWords(transition: ProbeTransition): string {
  return "evidence" in transition ? `${transition.kind}: ${transition.evidence}` : transition.kind;
}
