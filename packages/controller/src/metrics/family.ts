/** Label names and values; numbers are written as such. */
export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram: `_bucket`, `_sum` or `_count`. Absent: none. */
  readonly suffix?: string;
}

/** One metric with all its series. */
export interface Family {
  /** Ends with its unit, and with `_total` when it only grows. */
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** A figure of the app as a whole, as it is now. */
export function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ labels: {}, value }] };
}

/**
 * The text format of Prometheus, version 0.0.4; `common` are labels of every series. Written here:
 * a client library counts by itself, and takes no counter or histogram that was counted elsewhere.
 */
export function renderFamilies(families: readonly Family[], common: Labels): string {
  return families.map((family) => rendered(family, common)).join("");
}

function rendered({ name, type, help, samples }: Family, common: Labels): string {
  const lines = samples.map(({ labels, value, suffix = "" }) => {
    const pairs = Object.entries({ ...common, ...labels });
    const written = pairs.map(([key, text]) => `${key}="${escaped(String(text))}"`).join(",");
    return `${name}${suffix}{${written}} ${numberText(value)}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
