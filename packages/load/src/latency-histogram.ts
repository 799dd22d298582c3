/** Percentiles of one set of latencies, in milliseconds; all 0 when nothing was recorded. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Exact; the percentiles are off by less than 1 %. */
  readonly max: number;
}

const subBuckets = 128;
/** Up to 2^(7 + 24) µs, about 35 minutes; anything longer counts into the last bucket. */
const octaves = 25;

/** Counts latencies in fixed memory (13 kB): 128 linear buckets per power of two, from 1 µs. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(subBuckets * octaves);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** Records one latency in milliseconds. */
  record(ms: number): void {
    const index = bucketOf(ms);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, ms);
  }

  /** Adds everything that `other` counted. */
  add(other: LatencyHistogram): void {
    for (const [index, count] of other.#counts.entries()) {
      if (count > 0) this.#counts[index] = (this.#counts[index] ?? 0) + count;
    }
    this.#count += other.#count;
    this.#max = Math.max(this.#max, other.#max);
  }

  summary(): LatencySummary {
    return {
      p50: this.#percentile(0.5),
      p95: this.#percentile(0.95),
      p99: this.#percentile(0.99),
      max: rounded(this.#max),
    };
  }

  #percentile(share: number): number {
    if (this.#count === 0) return 0;
    let left = Math.ceil(this.#count * share);
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return rounded(Math.min(upperEdgeMs(index), this.#max));
    }
    return rounded(this.#max);
  }
}

function bucketOf(ms: number): number {
  const us = Math.max(0, Math.min(Math.floor(ms * 1000), 0x7fffffff));
  const octave = Math.max(0, 25 - Math.clz32(us));
  // From octave 1 on the top bit is implied: values lie in [128, 256) after the shift.
  if (octave === 0) return us;
  return Math.min(
    octave * subBuckets + (us >>> (octave - 1)) - subBuckets,
    subBuckets * octaves - 1,
  );
}

function upperEdgeMs(index: number): number {
  const octave = Math.floor(index / subBuckets);
  const sub = index % subBuckets;
  if (octave === 0) return (sub + 1) / 1000;
  return ((sub + subBuckets + 1) * 2 ** (octave - 1)) / 1000;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
