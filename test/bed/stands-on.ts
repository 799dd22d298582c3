import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { StatusReport } from "@hitless/controller";
import type { AppBed } from "./app-bed.ts";
import { processesIn } from "./replica-sampler.ts";

/** The command of a probe runs where its replica does, for a second at most; then it is ended. */
const probeMs = 2000;

/** Where an app should stand, and what every replica of it should say. */
export interface Stand {
  readonly revision: number;
  readonly version: string;
  readonly config: Readonly<Record<string, string>>;
  readonly replicas: number;
}

/**
 * What is not as it should be, in words; empty when all is: the revision by `hitless status`, its
 * replicas and no others by the process table, version and config by each replica's own answer.
 */
export async function faultsOf(
  bed: AppBed,
  { stable, release, replicas }: StatusReport,
  stand: Stand,
): Promise<readonly string[]> {
  const answers = await bed.everybody(stand.replicas);
  const processes = await stayingIn(
    bed,
    answers.map((a) => a.pid),
  );
  const wanted = JSON.stringify([String(stand.revision), stand.version, stand.config]);
  const wrong = answers
    .map((a) => JSON.stringify([a.revision, a.version, pick(a.config, stand.config)]))
    .filter((said) => said !== wanted);
  const fit = replicas.filter((r) => r.state === "ready" && r.revision === stand.revision).length;
  return [
    ...(stable === stand.revision ? [] : [`stable is ${stable}, not ${stand.revision}`]),
    ...(release === null ? [] : [`release ${release.id} still runs`]),
    ...(fit === stand.replicas ? [] : [`${fit} of ${stand.replicas} replicas are ready`]),
    ...(replicas.length === stand.replicas ? [] : [`${replicas.length} replicas are listed`]),
    ...(sameSet(
      processes,
      answers.map((a) => a.pid),
    )
      ? []
      : [`processes ${processes} run`]),
    ...wrong.map((said) => `a replica says ${said}, not ${wanted}`),
  ];
}

/** Processes of the checkouts: those that are expected, and whatever else is no probe's command. */
async function stayingIn(bed: AppBed, expected: readonly number[]): Promise<readonly number[]> {
  const there = () => processesIn(join(bed.dir, ".hitless", "checkouts")).map(Number);
  const first = there();
  if (sameSet(first, expected)) return first;
  await after(probeMs);
  const second = there();
  return second.filter((pid) => expected.includes(pid) || first.includes(pid));
}

function pick(config: Readonly<Record<string, string>>, keys: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.keys(keys).map((key) => [key, config[key]]));
}

function sameSet(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}
