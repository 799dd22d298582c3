import { arch, cpus, release } from "node:os";
import { markdown } from "../markdown.ts";
import { type Judged, judge, type Medians, type Planned } from "./claims.ts";
import type { Measured } from "./measure.ts";
import type { Sample } from "./sample.ts";
import { type Shape, shapes } from "./shapes.ts";

/** What a run found, as `--json` writes it. */
export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly seconds: number;
  readonly rounds: number;
  /** A sample counts only when other processes used less meanwhile, in cores. */
  readonly foreign: number;
  /** Samples that did not count, because other processes used the machine. */
  readonly discarded: number;
  readonly measured: readonly Measured[];
  readonly claims: readonly Judged[];
}

export function reportOf(
  found: Pick<Report, "seconds" | "rounds" | "foreign" | "discarded" | "measured">,
  planned: Planned,
): Report {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores of ${cpu?.model ?? arch()}, Linux ${release()}, Node ${process.version}`;
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  return { date, machine, ...found, claims: judge(mediansOf(found.measured), planned) };
}

/** Markdown: a table for each shape, and last what was asked. */
export function render(report: Report): string {
  const { measured, date, machine, seconds, rounds, foreign, discarded } = report;
  const tables = shapes
    .filter(({ name }) => measured.some((each) => each.shape === name))
    .map((shape) => tableOf(shape, measured));
  const how =
    `${date} UTC, ${machine}. Medians of ${rounds} samples of ${seconds} s, taken while other ` +
    `processes used less than ${foreign} cores; ${discarded} more did not count.`;
  const asked = report.claims.length === 0 ? [] : ["", ...claimsTable(report.claims)];
  return [...tables, how, ...asked].join("\n");
}

function tableOf({ name, what, connections }: Shape, measured: readonly Measured[]): string {
  const medians = mediansOf(measured);
  const [nginx, nodeHttp] = [medians("nginx", name), medians("node:http", name)];
  const ratio = (key: "requestsPerSecond" | "cpuMicros", one: Sample, other?: Sample) =>
    other === undefined ? "" : (one[key] / other[key]).toFixed(2);
  const rows = measured
    .filter(({ shape }) => shape === name)
    .map(({ contender, samples }) => {
      const one = medianOf(samples);
      return [
        contender,
        one.requestsPerSecond.toFixed(0),
        ratio("requestsPerSecond", one, nginx),
        ratio("requestsPerSecond", one, nodeHttp),
        one.cpuMicros.toFixed(1),
        ratio("cpuMicros", one, nginx),
        one.p50Ms.toFixed(2),
        one.p99Ms.toFixed(2),
        one.residentMiB.toFixed(0),
      ];
    });
  const clients = connections === 1 ? "" : `, ${connections} clients`;
  const head = [
    name,
    "req/s",
    "× nginx",
    "× node:http",
    "CPU µs/req",
    "× nginx",
    "p50 ms",
    "p99 ms",
    "RSS MiB",
  ];
  return [`**${what}${clients}**`, "", ...markdown(head, rows), ""].join("\n");
}

function claimsTable(claims: readonly Judged[]): readonly string[] {
  const rows = claims.map(({ shape, text, asked, aim, seen, verdict }) => [
    `${text}, ${shape}`,
    asked,
    aim,
    seen === null ? "" : seen.toFixed(2),
    verdict,
  ]);
  return markdown(["what", "asked", "aim", "seen", ""], rows);
}

/** Of each figure by itself. */
export function medianOf(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample) => median(samples.map((each) => each[key]));
  return {
    requestsPerSecond: of("requestsPerSecond"),
    cpuMicros: of("cpuMicros"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    residentMiB: of("residentMiB"),
    foreignCores: of("foreignCores"),
  };
}

function mediansOf(measured: readonly Measured[]): Medians {
  return (contender, shape) => {
    const found = measured.find((each) => each.contender === contender && each.shape === shape);
    return found === undefined ? undefined : medianOf(found.samples);
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
