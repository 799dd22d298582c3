/** What is used of the module `prom-client` 15: `import * as client from "prom-client"`. */
export interface PromClient {
  readonly Counter: new (settings: MetricSettings) => { inc(labels: Labels): void };
  readonly Histogram: new (
    settings: HistogramSettings,
  ) => {
    observe(labels: Labels, value: number): void;
  };
  readonly Gauge: new (settings: GaugeSettings) => Gauge;
  readonly register: PromRegistry;
}

export interface PromRegistry {
  readonly contentType: string;
  metrics(): Promise<string>;
  registerMetric(metric: object): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
}

export type Labels = Record<string, string>;

interface MetricSettings {
  name: string;
  help: string;
  labelNames: string[];
  /** Empty: each metric is registered by us, where the user wants it. */
  registers: never[];
}

interface HistogramSettings extends MetricSettings {
  buckets: number[];
}

interface GaugeSettings extends MetricSettings {
  collect(this: Gauge): void;
}
