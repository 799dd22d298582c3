import type {
  HookOrder,
  HookResult,
  HookRunner,
  MetricsSource,
  Observation,
  Observed,
  Sample,
} from "@hitless/core";

/** What is asked and run outside the engine. */
export interface OutsidePorts {
  readonly metrics: MetricsSource;
  readonly hooks: HookRunner;
  /** Called when something is over. */
  changed(): void;
}

/** Nothing that is over is kept for longer than it is asked for. */
interface Running<T> {
  readonly result: T | null;
  /** Breaks it off. */
  readonly ending: AbortController;
}

/**
 * Runs measurements and hooks beside the loop, each key once at a time: the loop asks what is over, and
 * waits for none. Nothing of it is durable; what `next` has made of it is.
 */
export class Outside {
  readonly #ports: OutsidePorts;
  readonly #measurements = new Map<string, Running<Sample>>();
  readonly #hooks = new Map<string, Running<HookResult>>();

  constructor(ports: OutsidePorts) {
    this.#ports = ports;
  }

  /** Begins what is asked for and was not begun, and tells what is over. */
  look(needs: readonly Observation[]): Pick<Observed, "measurements" | "hooks"> {
    const wanted = new Set(needs.flatMap((need) => ("key" in need ? [need.key] : [])));
    forget(this.#measurements, wanted);
    forget(this.#hooks, wanted);
    for (const need of needs) if (need.kind === "measurement") this.#measure(need);
    return {
      measurements: over(this.#measurements),
      hooks: over(this.#hooks),
    };
  }

  /** Runs a hook, unless it runs. */
  begin(order: HookOrder): void {
    const { key } = order;
    if (this.#hooks.has(key)) return;
    const running = begun<HookResult>();
    this.#hooks.set(key, running);
    void this.#ports.hooks.run(order, running.ending.signal).then((result) => {
      this.#end(this.#hooks, { key, running }, result);
    });
  }

  /** Ends what runs; it is run again by whoever comes next. */
  close(): void {
    for (const all of [this.#measurements, this.#hooks]) forget(all, new Set());
  }

  #measure({ key, metric, revision }: Extract<Observation, { kind: "measurement" }>): void {
    if (this.#measurements.has(key)) return;
    const running = begun<Sample>();
    this.#measurements.set(key, running);
    void this.#ports.metrics.measure(metric, revision, running.ending.signal).then((sample) => {
      this.#end(this.#measurements, { key, running }, sample);
    });
  }

  #end<T>(
    all: Map<string, Running<T>>,
    { key, running }: { readonly key: string; readonly running: Running<T> },
    result: T,
  ): void {
    // One that was broken off has no result: whoever comes next runs it again.
    if (all.get(key) !== running) return;
    all.set(key, { ...running, result });
    this.#ports.changed();
  }
}

/** For a controller that has nobody to ask. */
export const noMetrics: MetricsSource = {
  measure: async ({ source }) => ({
    kind: "noData",
    reason: `this controller has nobody to ask for ${source.kind}`,
  }),
  check: async () => null,
};

/** For a controller that has nobody to run them. */
export const noHooks: HookRunner = {
  run: async () => ({ outcome: "failed", detail: "this controller has nobody to run hooks" }),
};

function over<T>(all: ReadonlyMap<string, Running<T>>): Readonly<Record<string, T>> {
  const found = [...all].flatMap(([key, { result }]) =>
    result === null ? [] : [[key, result] as const],
  );
  return Object.fromEntries(found);
}

/** What nobody asks for any more is broken off: a hook of a release that has turned back. */
function forget(all: Map<string, Running<unknown>>, wanted: ReadonlySet<string>): void {
  for (const [key, { ending }] of all) {
    if (wanted.has(key)) continue;
    all.delete(key);
    ending.abort();
  }
}

function begun<T>(): Running<T> {
  return { result: null, ending: new AbortController() };
}
