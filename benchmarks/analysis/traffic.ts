import { latencyBucketOf, latencyBuckets, type RevisionCounts } from "@hitless/core";
import { type Chance, type Climate, sameCode, type Version, type Weather } from "./climate.ts";

/** The requests of an app that runs two versions, in one climate. */
export class Traffic {
  readonly canary: Side;
  readonly stable: Side;
  readonly #climate: Climate;
  #second = -1;

  constructor(climate: Climate, chance: Chance, version: Version = sameCode) {
    this.#climate = climate;
    this.canary = new Side(version, climate.spread, chance);
    this.stable = new Side(sameCode, climate.spread, chance);
  }

  /** The weather of the second that has come. */
  at(second: number): void {
    const whole = Math.floor(second);
    if (whole === this.#second) return;
    this.#second = whole;
    const weather = this.#climate.at(whole);
    this.canary.weather = weather;
    this.stable.weather = weather;
  }
}

/** Serves the requests of one side and collects what became of them until that is taken. */
class Side {
  weather: Weather = { errors: 0, medianMs: 1 };
  /** How the last request fared. */
  failed = false;
  ms = 0;
  readonly #version: Version;
  readonly #spread: number;
  readonly #chance: Chance;
  readonly #latency = new Array<number>(latencyBuckets).fill(0);
  #buckets = 0;
  #requests = 0;
  #errors = 0;

  constructor(version: Version, spread: number, chance: Chance) {
    this.#version = version;
    this.#spread = spread;
    this.#chance = chance;
  }

  serve(): void {
    const { errors, medianMs } = this.weather;
    this.failed = this.#chance() < errors + this.#version.errors;
    this.ms = medianMs * this.#version.slower * Math.exp(this.#spread * normal(this.#chance));
    this.#requests += 1;
    if (this.failed) this.#errors += 1;
    const bucket = latencyBucketOf(this.ms);
    this.#latency[bucket] = (this.#latency[bucket] ?? 0) + 1;
    if (bucket >= this.#buckets) this.#buckets = bucket + 1;
  }

  /** What came since it was taken last. */
  take(): RevisionCounts {
    const latency = this.#latency.slice(0, this.#buckets);
    const taken = { requests: this.#requests, errors: this.#errors, latency };
    this.#latency.fill(0, 0, this.#buckets);
    this.#buckets = 0;
    this.#requests = 0;
    this.#errors = 0;
    return taken;
  }
}

/** Box and Muller. */
function normal(chance: Chance): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}
