import { counted } from "../counted.ts";
import type { DrainReceipt } from "../model/drain-receipt.ts";

const words = { done: "done", failed: "failed", timedOut: "timed out", skipped: "was not run" };

/** How a replica ended by its own word: `drained in 0.2 s: 12 finished, 0 cut`. */
export function describeReceipt(receipt: DrainReceipt): string {
  const { finished, cut, streams, seconds } = receipt;
  const counts = [
    `${finished} finished`,
    `${cut} cut`,
    ...streamsThat("ended", streams.ended),
    ...streamsThat("cut", streams.cut),
  ];
  return [
    `${begun(receipt)}drained in ${inSeconds(seconds.total)}: ${counts.join(", ")}`,
    ...hungIn(receipt),
    ...failedHooksIn(receipt),
  ].join("; ");
}

function begun({ reason, error }: DrainReceipt): string {
  return reason === "crash" ? `crashed (${error ?? "no reason given"}) and ` : "";
}

function streamsThat(how: string, count: number): readonly string[] {
  return count === 0 ? [] : [`${counted(count, "stream")} ${how}`];
}

function hungIn({ hung }: DrainReceipt): readonly string[] {
  if (hung.length === 0) return [];
  const routes = hung.map((h) => `${h.method} ${h.route} for ${inSeconds(h.seconds)}`);
  return [`hung: ${routes.join(", ")}`];
}

function failedHooksIn({ hooks }: DrainReceipt): readonly string[] {
  return hooks
    .filter(({ outcome }) => outcome !== "done")
    .map(({ name, outcome, seconds }) => {
      const after = outcome === "skipped" ? "" : ` after ${inSeconds(seconds)}`;
      return `hook ${name} ${words[outcome]}${after}`;
    });
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}
