import { medianOf } from "@hitless/load";
import { markdown } from "../markdown.ts";
import type { Measured } from "../proxy/measure.ts";
import type { Sample } from "../proxy/sample.ts";
import { shapes } from "../proxy/shapes.ts";
import type { Footprint } from "./footprint.ts";

export interface Report {
  readonly measured: readonly Measured[];
  /** Samples that other processes spoilt. */
  readonly discarded: number;
  readonly footprint: Footprint;
  readonly node: string;
}

const bare = "node:http";
const kit = "kit";
const asked = { ratio: 0.97, importMs: 30, residentMiB: 2 };

/** Whether the kit alone, with all its defaults, costs no more than it may. */
export function isMet({ measured, footprint }: Report): boolean {
  const ours = measured.filter(({ contender }) => contender === kit);
  const isFast = ours.every((each) => rate(measured, each) >= asked.ratio);
  const isSmall = footprint.importMs < asked.importMs && footprint.residentMiB <= asked.residentMiB;
  return ours.length > 0 && isFast && isSmall;
}

export function render(report: Report): string {
  const { measured, footprint, discarded, node } = report;
  const rows = measured.map((each) => [
    shapes.find(({ name }) => name === each.shape)?.what ?? each.shape,
    each.contender,
    Math.round(median(each, "requestsPerSecond")).toLocaleString("en"),
    rate(measured, each).toFixed(3),
    median(each, "cpuMicros").toFixed(1),
    ratio(measured, each, "cpuMicros").toFixed(3),
    String(each.samples.length),
  ]);
  const head = ["", "server", "requests/s", "× bare", "CPU µs", "× bare", "samples"];
  const { importMs, residentMiB, processes } = footprint;
  return [
    ...markdown(head, rows),
    "",
    `Import ${importMs.toFixed(1)} ms (asked: under ${asked.importMs}), memory ${residentMiB.toFixed(2)} MiB ` +
      `(asked: at most ${asked.residentMiB}), medians of ${processes} processes; Node ${node}, ${discarded} samples discarded.`,
    `Asked of the kit: at least ${asked.ratio} × the requests/s of the bare server: ${isMet(report) ? "all met" : "NOT MET"}.`,
  ].join("\n");
}

function rate(measured: readonly Measured[], each: Measured): number {
  return ratio(measured, each, "requestsPerSecond");
}

function ratio(measured: readonly Measured[], each: Measured, figure: Figure): number {
  const base = measured.find(({ contender, shape }) => contender === bare && shape === each.shape);
  return base === undefined ? Number.NaN : median(each, figure) / median(base, figure);
}

type Figure = keyof Sample;

function median({ samples }: Measured, figure: Figure): number {
  return medianOf(samples.map((sample) => sample[figure]));
}
