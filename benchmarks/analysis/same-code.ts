import { type Metric, type MetricState, measured } from "@hitless/core";
import { seededRandom } from "@hitless/load";
import { anyClimate, bursts, type Chance, drifting, type MakeClimate, steady } from "./climate.ts";
import { watchedBy } from "./metrics.ts";
import { Traffic } from "./traffic.ts";

/** Releases of the same code, under one climate. */
export interface SameCode {
  readonly name: string;
  readonly makeClimate: MakeClimate;
  readonly metrics: readonly Metric[];
  /** The canary's share of the requests at each waypoint. */
  readonly shares: readonly number[];
  /** Requests of the canary at each waypoint, looked at after each. */
  readonly requests: number;
  /** One release for so many of the whole ones. */
  readonly every: number;
}

const { errors, latency, errorsBelow } = watchedBy(1);
const together = watchedBy(6);
const three = {
  metrics: [together.errors, together.latency],
  shares: [0.05, 0.2, 0.5],
  requests: 120,
  every: 5,
};

export const sameCodes: readonly SameCode[] = [
  { name: "2 metrics at 3 waypoints, any climate", makeClimate: anyClimate, ...three, every: 1 },
  { name: "2 metrics at 3 waypoints, steady", makeClimate: steady, ...three },
  { name: "2 metrics at 3 waypoints, drifting", makeClimate: drifting, ...three },
  { name: "2 metrics at 3 waypoints, bursts", makeClimate: bursts, ...three },
  {
    name: "2 metrics at 3 waypoints, any climate, for long",
    makeClimate: anyClimate,
    ...three,
    requests: 4_000,
    every: 40,
  },
  {
    name: "errors",
    makeClimate: steady,
    metrics: [errors],
    shares: [0.1],
    requests: 400,
    every: 5,
  },
  {
    name: "latency p95",
    makeClimate: steady,
    metrics: [latency],
    shares: [0.1],
    requests: 400,
    every: 5,
  },
  {
    name: "errors, as many as the threshold allows",
    makeClimate: () => ({ spread: 0.5, at: () => ({ errors: 0.01, medianMs: 20 }) }),
    metrics: [errorsBelow],
    shares: [0.5],
    requests: 400,
    every: 5,
  },
];

/** Requests per second that the app gets, for climates that change by the second. */
const rate = 50;

/** Whether one release of the same code is sent back by one of its metrics, somewhere on its way. */
export function isSentBack(world: SameCode, seed: number): boolean {
  const chance = seededRandom(seed);
  const traffic = new Traffic(world.makeClimate(chance), chance);
  let second = 0;
  for (const share of world.shares) {
    let states: readonly (MetricState | null)[] = world.metrics.map(() => null);
    for (let n = 0; n <= world.requests; n += 1) {
      second = serveUntilCanary(traffic, { share, chance, second });
      states = judgedAnew(world.metrics, states, traffic);
      if (states.some((state) => state?.verdict === "failed")) return true;
    }
  }
  return false;
}

/** As the proxy does it: each request by itself goes to the canary or not. Says when the next comes. */
function serveUntilCanary(
  traffic: Traffic,
  at: { readonly share: number; readonly chance: Chance; readonly second: number },
): number {
  let { second } = at;
  for (; at.chance() >= at.share; second += 1 / rate) {
    traffic.at(second);
    traffic.stable.serve();
  }
  traffic.at(second);
  traffic.canary.serve();
  return second + 1 / rate;
}

function judgedAnew(
  metrics: readonly Metric[],
  states: readonly (MetricState | null)[],
  { canary, stable }: Traffic,
): readonly MetricState[] {
  const sample = { kind: "counts", canary: canary.take(), stable: stable.take() } as const;
  return metrics.map((metric, i) =>
    measured(metric, states[i] ?? null, { sample, now: 0, reachedAt: 0 }),
  );
}
