import { type MetricState, measured, wealth } from "@hitless/core";
import { seededRandom } from "@hitless/load";
import { sameCode, usual, type Version } from "./climate.ts";
import { watchedBy } from "./metrics.ts";
import { Traffic } from "./traffic.ts";

/** The evidence against a canary by its requests, as a power of ten; index 0 is before the first. */
export type Course = readonly number[];

/** The errors of one canary that has a tenth of the requests, until it is sent back. */
export function courseOf(version: Version, requests: number, seed: number): Course {
  const chance = seededRandom(seed);
  const traffic = new Traffic(usual(chance), chance, version);
  traffic.at(0);
  const { errors } = watchedBy(1);
  const course: number[] = [];
  let state: MetricState | null = null;
  for (let n = 0; n <= requests && state?.verdict !== "failed"; n += 1) {
    while (chance() >= 0.1) traffic.stable.serve();
    traffic.canary.serve();
    const { canary, stable } = traffic;
    const sample = { kind: "counts", canary: canary.take(), stable: stable.take() } as const;
    state = measured(errors, state, { sample, now: n, reachedAt: 0 });
    course.push(wealth(state.evidence, state.counted.canary.total) / Math.LN10);
  }
  return course;
}

const versions = [
  { version: sameCode, stroke: "#2f6f4f", width: 1 },
  { version: { errors: 0.019, slower: 1 }, stroke: "#b3261e", width: 1 },
];
const each = 12;
const requests = 600;
const [width, height, left, right, bottom, top] = [640, 260, 56, 20, 40, 16];
const [lowest, highest] = [-1, 2];

/** A drawing for the docs: the evidence over the requests of the canary, good ones and bad ones. */
export function plot(seed: number): string {
  const lines = versions.flatMap(({ version, stroke, width }) =>
    Array.from({ length: each }, (_, i) =>
      lineOf(courseOf(version, requests, seed + i), stroke, width),
    ),
  );
  const marks = [-1, 0, 1, 2].map((power) =>
    text([left - 8, y(power) + 4], power < 0 ? `1:${10 ** -power}` : `${10 ** power}:1`, "end"),
  );
  const steps = [0, 200, 400, 600].map((n) =>
    text([x(n), height - bottom + 18], String(n), "middle"),
  );
  const fails = y(Math.log10(20));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#444">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="#999"/>`,
    `<path d="M${left} ${fails}H${width - right}" stroke="#444" stroke-dasharray="4 3"/>`,
    text([width - right, fails - 5], "20:1, sent back", "end"),
    ...marks,
    ...steps,
    text([(left + width) / 2, height - 6], "requests of the canary", "middle"),
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function lineOf(course: Course, stroke: string, width: number): string {
  const last = course.length - 1;
  const points = course
    .map((power, n) => ({ power, n }))
    .filter(({ power, n }) => n % 10 === 0 || n === last || jumps(course, n, power))
    .map(({ power, n }) => `${x(n)} ${y(power)}`);
  return `<path d="M${points.join("L")}" fill="none" stroke="${stroke}" stroke-width="${width}" opacity="0.6"/>`;
}

/** A step in the line needs both of its ends. */
function jumps(course: Course, n: number, power: number): boolean {
  return [n - 1, n + 1].some((other) => Math.abs((course[other] ?? power) - power) > 0.1);
}

function x(n: number): number {
  return round(left + (n / requests) * (width - left - right));
}

function y(power: number): number {
  const share = (Math.max(lowest, Math.min(highest, power)) - lowest) / (highest - lowest);
  return round(height - bottom - share * (height - bottom - top));
}

function text(
  at: readonly [x: number, y: number],
  words: string,
  anchor: "end" | "middle",
): string {
  return `<text x="${round(at[0])}" y="${round(at[1])}" text-anchor="${anchor}">${words}</text>`;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
