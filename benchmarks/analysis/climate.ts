/** Numbers in [0, 1). */
export type Chance = () => number;

/** How requests fare at an instant, whoever answers them. */
export interface Weather {
  /** Share of the requests that fail, 0 to 1. */
  readonly errors: number;
  /** What half of the answers stay below, ms. */
  readonly medianMs: number;
}

/** The weather by the second, of one release. */
export interface Climate {
  /** Of the lognormal latencies: the p95 is `medianMs * exp(1.645 * spread)`. */
  readonly spread: number;
  at(second: number): Weather;
}

/** What is wrong with a version; nothing: the same code. */
export interface Version {
  /** Share of its requests that fail besides. */
  readonly errors: number;
  /** Its latencies are so many times as long. */
  readonly slower: number;
}

export const sameCode: Version = { errors: 0, slower: 1 };

/** Makes the climate of one release; each release has another one. */
export type MakeClimate = (chance: Chance) => Climate;

export const steady: MakeClimate = (chance) => {
  const weather = anyWeather(chance);
  return { spread: anySpread(chance), at: () => weather };
};

/** Errors rise and fall by up to ten times, latencies by up to three, within minutes. */
export const drifting: MakeClimate = (chance) => {
  const { errors, medianMs } = anyWeather(chance);
  const [period, phase] = [30 + 300 * chance(), 2 * Math.PI * chance()];
  const wave = (second: number) => Math.sin(phase + (2 * Math.PI * second) / period);
  return {
    spread: anySpread(chance),
    at: (second) => ({
      errors: Math.min(0.9, errors * 10 ** (0.5 * (1 + wave(second)))),
      medianMs: medianMs * 3 ** (0.5 * (1 + wave(second))),
    }),
  };
};

/** Every minute or so, for a second to ten, a third of all requests fails and all take five times as long. */
export const bursts: MakeClimate = (chance) => {
  const { errors, medianMs } = anyWeather(chance);
  let [until, burst] = [0, true];
  return {
    spread: anySpread(chance),
    at: (second) => {
      while (second >= until) {
        burst = !burst;
        until += burst ? 1 + 9 * chance() : -60 * Math.log(1 - chance());
      }
      return burst ? { errors: 0.33, medianMs: 5 * medianMs } : { errors, medianMs };
    },
  };
};

export const anyClimate: MakeClimate = (chance) => {
  const makers = [steady, drifting, bursts];
  return (makers[Math.floor(chance() * makers.length)] ?? steady)(chance);
};

/** 0.1 % errors and a p95 of 107 ms: the service of the comparison with others. */
export const usual: MakeClimate = () => {
  const weather = { errors: 0.001, medianMs: 40 };
  return { spread: usualSpread, at: () => weather };
};

const usualSpread = 0.6;

/** The latency that 95 % of the usual answers stay below, ms. */
export const usualP95Ms = 40 * Math.exp(1.6448536 * usualSpread);

function anyWeather(chance: Chance): Weather {
  return { errors: 0.0003 * 300 ** chance(), medianMs: 0.2 * 100 ** chance() };
}

function anySpread(chance: Chance): number {
  return 0.2 + chance();
}
