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
  readonly transitions: readonly string[];
  readonly asked: readonly Asked[];
  readonly stop: () => void;
}

interface RigOptions {
  readonly probes: Partial<Record<Name, Partial<Probe>>>;
  readonly answer: (name: Name, atMs: number) => boolean;
  readonly owner?: (atMs: number) => PortOwner;
  readonly started?: boolean;
  readonly ready?: boolean;
  readonly runningMs?: number;
  readonly answerMs?: number;
}

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.useRealTimers();
});

it("asks every 50 ms for a second, then every 200 ms until the first success, then once a period", async () => {
  const { transitions, asked } = rig({ probes: {}, answer: (_, atMs) => atMs >= 1300 });
  await vi.advanceTimersByTimeAsync(3500);
  const first = Array.from({ length: 21 }, (_, n) => n * 50);
  expect(asked.map(({ atMs }) => atMs)).toEqual([...first, 1200, 1400, 2400, 3400]);
  expect(transitions).toEqual(["0 started", "1400 ready"]);
});

it("asks a command every 200 ms until the first success, from the beginning", async () => {
  const check = { kind: "exec", command: ["true"] } as const;
  const { asked } = rig({ probes: { readiness: { check } }, answer: (_, atMs) => atMs >= 300 });
  await vi.advanceTimersByTimeAsync(500);
  expect(asked.map(({ atMs }) => atMs)).toEqual([0, 200, 400]);
});

it("an adopted replica that was ready stays so until its failures cross the threshold", async () => {
  const { transitions } = rig({
    probes: { readiness: { failureThreshold: 3 } },
    answer: (_, atMs) => atMs >= 1000 && atMs < 4000,
    started: true,
    ready: true,
  });
  await vi.advanceTimersByTimeAsync(3900);
  expect(transitions).toEqual(["0 started"]);
  await vi.advanceTimersByTimeAsync(4000);
  expect(transitions.slice(1)).toEqual([expect.stringContaining("unready")]);
});

it("keeps the beat however long the answers take", async () => {
  const { asked } = rig({ probes: {}, answer: () => true, answerMs: 300 });
  await vi.advanceTimersByTimeAsync(3100);
  expect(asked.map(({ atMs }) => atMs)).toEqual([0, 1000, 2000, 3000]);
});

it("drops beats that a slow answer missed", async () => {
  const { asked } = rig({ probes: {}, answer: () => true, answerMs: 1500 });
  await vi.advanceTimersByTimeAsync(4100);
  expect(asked.map(({ atMs }) => atMs)).toEqual([0, 2000, 4000]);
});

it("counts failures in a row before it withdraws", async () => {
  const answers = [1, 0, 0, 1, 0, 0, 0];
  const { transitions } = rig({ probes: {}, answer: (_, atMs) => answers[atMs / 1000] === 1 });
  await vi.advanceTimersByTimeAsync(6500);
  expect(transitions).toEqual(["0 started", "0 ready", "6000 unready: 503"]);
});

it("counts successes in a row", async () => {
  const answers = [1, 0, 1, 1];
  const { transitions } = rig({
    probes: { readiness: { successThreshold: 2 } },
    answer: (_, atMs) => answers[atMs / 1000] === 1,
  });
  await vi.advanceTimersByTimeAsync(3500);
  expect(transitions).toEqual(["0 started", "3000 ready"]);
});

it("becomes ready again", async () => {
  const { transitions } = rig({
    probes: { readiness: { failureThreshold: 1 } },
    answer: (_, atMs) => atMs < 1000 || atMs >= 2000,
  });
  await vi.advanceTimersByTimeAsync(2500);
  expect(transitions).toEqual(["0 started", "0 ready", "1000 unready: 503", "2000 ready"]);
});

it("asks nothing else before startup has passed", async () => {
  const { transitions, asked } = rig({
    probes: { startup: {}, liveness: {} },
    answer: (_, atMs) => atMs >= 1000,
  });
  await vi.advanceTimersByTimeAsync(1001);
  const early = asked.filter(({ atMs }) => atMs < 1000);
  expect(new Set(early.map(({ name }) => name))).toEqual(new Set(["startup"]));
  expect(transitions).toEqual(["1000 started", "1000 ready"]);
});

it("counts the startup budget in time, not in quick answers", async () => {
  const { transitions, asked } = rig({
    probes: { startup: { periodSeconds: 2, failureThreshold: 2 } },
    answer: () => false,
  });
  await vi.advanceTimersByTimeAsync(6000);
  expect(transitions).toEqual(["4000 startup-failed: 503"]);
  expect(asked.at(-1)?.atMs).toBe(4000);
});

it("does not ask again for a startup that passed under an earlier controller", async () => {
  const { asked } = rig({ probes: { startup: {} }, answer: () => true, started: true });
  await vi.advanceTimersByTimeAsync(10);
  expect(asked.map(({ name }) => name)).toEqual(["readiness"]);
});

it("gives liveness up after its threshold, once", async () => {
  const { transitions } = rig({
    probes: { liveness: { periodSeconds: 2 } },
    answer: (name, atMs) => name === "readiness" || atMs < 2000,
  });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(transitions).toEqual(["0 started", "0 ready", "6000 live-failed: 503"]);
});

it("takes the time a process has run off the initial delay", async () => {
  const { asked } = rig({
    probes: { readiness: { initialDelaySeconds: 5 } },
    answer: () => true,
    runningMs: 2000,
  });
  await vi.advanceTimersByTimeAsync(3500);
  expect(asked.map(({ atMs }) => atMs)).toEqual([3000]);
});

it("believes no answer from a port that a stranger holds", async () => {
  const { transitions } = rig({
    probes: {},
    answer: () => true,
    owner: (atMs) => (atMs < 80 ? { kind: "stranger", pid: 4711 } : { kind: "ours", pid: 1 }),
  });
  await vi.advanceTimersByTimeAsync(1000);
  const evidence = "port 20011 is held by process 4711, which is not this replica";
  expect(transitions).toEqual([
    "0 started",
    `0 stranger: ${evidence}`,
    `50 stranger: ${evidence}`,
    "100 ready",
  ]);
});

it("reports nothing once it was called off", async () => {
  const { transitions, asked, stop } = rig({ probes: {}, answer: () => true, answerMs: 100 });
  await vi.advanceTimersByTimeAsync(50);
  stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(transitions).toEqual(["0 started"]);
  expect(asked).toHaveLength(1);
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
    ready: options.ready ?? false,
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
