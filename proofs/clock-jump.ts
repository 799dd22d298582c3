import { setTimeout as after } from "node:timers/promises";
import type { AppEvent } from "@hitless/core";
import { type LoadOptions, startLoad } from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { namedController } from "../test/bed/controller-death.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { type ShiftedClock, shiftedClock } from "../test/bed/shifted-clock.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 2;
const load: Omit<LoadOptions, "url"> = { rate: 150 };
const day = 86_400;
const minReadySeconds = 6;
const progressDeadlineSeconds = 20;
/** Longer than any of these takes on a busy machine, and far less than a day, seconds. */
const longestSeconds = 120;

/** The wall clock of controller and proxy set by a day, there and back, in the middle of everything. */
export const proof: Proof = {
  title: "a clock set by a day in the middle of a release ends nothing early and loses nothing",
  seconds: 300,
  async run(): Promise<Finding> {
    const faults: string[] = [];
    const tallies: LoadTally[] = [];
    let instrument = "";
    for (const jump of [day, -day]) {
      await using clock = await shiftedClock();
      instrument = clock.instrument;
      tallies.push(await jumps(clock, { jump, faults }));
    }
    for (const fault of faults) console.log(`FAULT ${fault}`);
    const tally = sumOf(tallies);
    if (!tally.clean) console.log(tally.complaint);
    return {
      figure:
        `by ${instrument}: 2 jumps of a day in each of a release, a deadline, a drain, a restart and an \`up\`; ` +
        `${tally.sent} requests, ${tally.lost} lost (control lost ${tally.controlLost}): ${faults.length} faults`,
      ok: tally.clean && faults.length === 0,
    };
  },
};

interface Jump {
  /** Seconds. */
  readonly jump: number;
  readonly faults: string[];
}

async function jumps(clock: ShiftedClock, { jump, faults }: Jump): Promise<LoadTally> {
  await using bed = await AppBed.make({
    app: "shop/1.0",
    settings: { replicas, minReadySeconds, progressDeadlineSeconds },
    env: clock.env,
  });
  const control = await naiveSwap(bed, { load });
  await bed.must(0, "up", "--detach");
  const controller = await namedController(bed);
  await using session = startLoad({ ...load, url: bed.url });
  const during = async (what: string, work: () => Promise<readonly string[]>) => {
    await clock.set(0);
    const found = await work();
    console.log(`${jump > 0 ? "+" : ""}${jump} s, ${what}: ${found.length} faults`);
    faults.push(...found.map((fault) => `${jump} s, ${what}: ${fault}`));
  };
  const set = () => clock.set(jump);
  await during("a release that waits to be ready for long enough", () => slowRelease(bed, set));
  await during("requests in flight on a replica that drains", () => longRequests(bed, set));
  await during("a replica that waits for its next start", () => restart(bed, set));
  const tally = tallyOf(await session.stop(), control);
  await during("a release that never gets ready", () => deadline(bed, set));
  await during("another controller", async () => {
    await set();
    const second = await bed.run("up", "--detach");
    const now = await namedController(bed);
    const events: readonly AppEvent[] = JSON.parse((await bed.must(0, "events", "--json")).stdout);
    const jumped = events.filter(({ at }) => Math.abs(at - Date.now()) > (day * 1000) / 2);
    return [
      // Else nothing was shown above.
      ...(jumped.length > 0 ? [] : ["no event has the time of the clock that was set"]),
      ...(second.code === 6 ? [] : [`up ended with ${second.code}: ${second.stderr}`]),
      ...(now === controller ? [] : [`${now} took over from ${controller}`]),
    ];
  });
  return tally;
}

/** Each new replica has to be ready for six seconds before an old one goes. */
async function slowRelease(bed: AppBed, jump: () => Promise<void>): Promise<readonly string[]> {
  const began = performance.now();
  const release = bed.start("release", "--wait", "--set", "config.GREETING=slow");
  await until(async () => (await newReplicas(bed)) === "ready", "a new replica is ready");
  await jump();
  const { code, stderr } = await release.done;
  const seconds = (performance.now() - began) / 1000;
  const row = (await bed.history()).at(-1);
  const told = row === undefined ? 0 : (row.endedAt - row.startedAt) / 1000;
  const config = { GREETING: "slow" };
  const stand = { revision: row?.to ?? 0, version: "1.0", config, replicas };
  return [
    ...(code === 0 ? [] : [`exit ${code}: ${stderr}`]),
    ...within("the release took", seconds, 2 * minReadySeconds),
    ...(Math.abs(told - seconds) < 30 ? [] : [`history says ${told} s, it was ${seconds} s`]),
    ...(await faultsOf(bed, await bed.status(), stand)),
  ];
}

async function newReplicas(bed: AppBed): Promise<string> {
  const { release, replicas: all } = await bed.status();
  return all.find((r) => r.revision === release?.to)?.state ?? "none";
}

/** Longer than the steps of the stop order, shorter than the drain may take. */
async function longRequests(bed: AppBed, jump: () => Promise<void>): Promise<readonly string[]> {
  const asked = Array.from({ length: 4 }, () =>
    fetch(`${bed.url}/slow?ms=20000`).then(
      ({ status }) => String(status),
      (failure: unknown) => String(failure),
    ),
  );
  const restarted = bed.start("restart", "--wait");
  const drains = async () => (await bed.status()).replicas.some((r) => r.state === "draining");
  await until(drains, "a replica drains", 60_000);
  await jump();
  const answers = await Promise.all(asked);
  const { code, stderr } = await restarted.done;
  return [
    ...answers.filter((a) => a !== "200").map((a) => `a request in flight ended with ${a}`),
    ...(code === 0 ? [] : [`restart: exit ${code}: ${stderr}`]),
  ];
}

async function restart(bed: AppBed, jump: () => Promise<void>): Promise<readonly string[]> {
  const { replicas: all } = await bed.status();
  const [victim] = all;
  if (victim?.process == null) throw new Error("no replica has a process");
  const began = performance.now();
  process.kill(Number(victim.process), "SIGKILL");
  await jump();
  const back = async () =>
    (await bed.status()).replicas.filter((r) => r.state === "ready").length === replicas &&
    !(await bed.status()).replicas.some((r) => r.process === victim.process);
  await until(back, "the replica is back", longestSeconds * 1000);
  return within("the replica was back after", (performance.now() - began) / 1000, 0);
}

/** It must fail at its deadline: not at once, and not tomorrow. */
async function deadline(bed: AppBed, jump: () => Promise<void>): Promise<readonly string[]> {
  const began = performance.now();
  await bed.use("shop/bad/never-ready");
  const release = bed.start("release", "--wait");
  await until(async () => (await newReplicas(bed)) === "starting", "a new replica starts");
  await after(2000);
  await jump();
  const { code } = await release.done;
  const seconds = (performance.now() - began) / 1000;
  const row = (await bed.history()).at(-1);
  const kind = row?.reason?.kind;
  return [
    ...(code === 0 ? ["it succeeded"] : []),
    ...(kind === "progressDeadline" ? [] : [`it failed for ${kind}`]),
    ...within("it failed after", seconds, progressDeadlineSeconds),
  ];
}

function within(what: string, seconds: number, least: number): readonly string[] {
  if (seconds >= least && seconds <= longestSeconds) return [];
  return [`${what} ${seconds.toFixed(1)} s, not ${least} to ${longestSeconds} s`];
}
