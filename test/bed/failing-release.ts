import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import type { ReleaseRecord } from "@hitless/core";
import type { AppBed, CommandResult } from "./app-bed.ts";
import { availableOf, ReplicaSampler, runningOf } from "./replica-sampler.ts";

/** A version that must not be released, and how Hitless has to say why. */
export interface BadVersion {
  readonly what: string;
  /** Folder below `examples/`; default `shop/1.1`, with `settings` that spoil it. */
  readonly app?: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Appended to its `server.mjs`. */
  readonly code?: string;
  /** The probe's answer, the exit code or the signal: in `why` and `history`. */
  readonly cause: string;
  /** A line of its log: in `why` and `history`. */
  readonly logLine: string;
}

/** What was seen of a release that failed. */
export interface FailedRelease {
  readonly command: CommandResult;
  /** From the first sight of a replica of it until `release --wait` was back. */
  readonly seconds: number;
  readonly record: ReleaseRecord | undefined;
  readonly why: string;
  readonly history: string;
  /** Most replicas of the bad version at any moment. */
  readonly mostNew: number;
  /** Fewest replicas that served and said themselves that they were ready, at any moment. */
  readonly fewestAvailable: number;
}

const sampleEveryMs = 50;

/** Puts a bad version into the bed's folder. Keys of an earlier one stay unless they are named again. */
export async function spoil(bed: AppBed, bad: BadVersion): Promise<void> {
  await bed.use(bad.app ?? "shop/1.1");
  await bed.edit({ version: `bad: ${bad.what}`, run: ["node", "server.mjs"], ...bad.settings });
  if (bad.code !== undefined) await appendFile(join(bed.dir, "server.mjs"), `${bad.code}\n`);
}

/** Releases what is in the bed's folder, and looks on from outside until it is back. */
export async function failRelease(bed: AppBed): Promise<FailedRelease> {
  const { stable } = await bed.status();
  const began = performance.now();
  const sampler = await ReplicaSampler.start(bed, sampleEveryMs);
  const command = await bed.run("release", "--wait");
  const endedMs = performance.now() - began;
  const samples = await sampler.stop();
  const newOnes = samples.map(({ replicas }) => {
    const others = new Set(replicas.map((r) => r.revision).filter((r) => r !== stable));
    return [...others].reduce((sum, revision) => sum + runningOf(replicas, revision), 0);
  });
  const old = samples.map(({ replicas }) =>
    availableOf(replicas.filter((r) => r.revision === stable)),
  );
  const first = samples[newOnes.findIndex((n) => n > 0)];
  return {
    command,
    seconds: (endedMs - (first?.atMs ?? 0)) / 1000,
    record: (await bed.history()).at(-1),
    why: (await bed.must(0, "why")).stdout,
    history: (await bed.must(0, "history")).stdout,
    mostNew: Math.max(...newOnes),
    fewestAvailable: Math.min(...old),
  };
}
