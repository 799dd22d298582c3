import { type Failpoint, failpoints } from "@hitless/core";
import { type Mix, seededRandom, startLoad } from "@hitless/load";
import { AppBed } from "../test/bed/app-bed.ts";
import {
  ControllerKiller,
  lengthOfRelease,
  momentOf,
  type Way,
} from "../test/bed/controller-killer.ts";
import { type Death, dieAt } from "../test/bed/failpoint-deaths.ts";
import { type Cell, cells, livenessOf, type WayName } from "../test/bed/failpoint-ways.ts";
import { type LoadTally, repeatable, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { nameOf } from "../test/bed/watched-controller.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 100;
const app = "shop/1.0";
const replicas = 2;
const said = { version: "1.0", config: { GREETING: "hello" } };
const randomKills = 100;
/** The next controller is killed as well while it adopts, every so many random kills. */
const adoptionKilledEvery = 4;
const adoptionMs = 500;

/** On these ways a replica dies before the controller does. */
const replicaDies: readonly WayName[] = ["crash", "unlive"];
/** On these nobody serves by definition: whether requests are lost says nothing. */
const nobodyServes: readonly WayName[] = ["firstStart", "down"];

/** `kill -9` of the controller at each failpoint, and at random moments; the next one goes on. */
export const proof: Proof = {
  title: `kill -9 of the controller at all ${failpoints.length} failpoints and ${randomKills} random moments loses nothing`,
  seconds: 900,
  takes: [
    { kind: "number", name: "KILLS", what: "how many at random moments; 100" },
    { kind: "names", name: "FAILPOINT", what: "go to these alone", of: failpoints },
  ],
  async run(args): Promise<Finding> {
    const random = Number(args[0] ?? randomKills);
    const names = args.slice(1);
    const chosen = cells.filter(({ name }) => names.length === 0 || names.includes(name));
    const on = (...ways: readonly WayName[]) => chosen.filter(({ way }) => ways.includes(way));
    const others = chosen.filter(
      ({ way }) => !replicaDies.includes(way) && !nobodyServes.includes(way),
    );
    const beds = async () => [
      await underLoad(others),
      await underLoad(on(...replicaDies), repeatable),
      await downs(on("down")),
      await firstStarts(on("firstStart")),
    ];
    // Two beds at a time: most of a death is waiting.
    const lanes = [beds(), atRandom(random).then((part) => [part])];
    // One that throws must not leave the other's processes running.
    await Promise.allSettled(lanes);
    return found(chosen, (await Promise.all(lanes)).flat());
  },
};

/** What came of the deaths in one bed. */
interface Part {
  readonly deaths: number;
  readonly under: "load" | "nobody";
  readonly reached: readonly Failpoint[];
  /** Null: no load, or nothing that could be lost. */
  readonly tally: LoadTally | null;
  readonly faults: readonly string[];
  readonly random: number;
}

function found(chosen: readonly Cell[], parts: readonly Part[]): Finding {
  const reached = new Set(parts.flatMap((part) => part.reached));
  const wanted = new Set(chosen.map(({ name }) => name));
  const missed = [...wanted].filter((name) => !reached.has(name));
  const faults = parts.flatMap((part) => part.faults);
  const tally = sumOf(parts.flatMap((part) => part.tally ?? []));
  for (const fault of faults) console.log(`FAULT ${fault}`);
  for (const name of missed) console.log(`NOT REACHED ${name}`);
  if (!tally.clean) console.log(tally.complaint);
  const deaths = (under: Part["under"]) =>
    parts.filter((p) => p.under === under).reduce((n, p) => n + p.deaths, 0);
  const random = parts.reduce((n, p) => n + p.random, 0);
  const { sent, lost, controlLost } = tally;
  return {
    figure:
      `${reached.size} of ${wanted.size} failpoints in ${deaths("load")} deaths under load ` +
      `and ${deaths("nobody")} in first starts and downs, where nobody serves; ${random} random moments: ` +
      `${sent} requests, ${lost} lost (control lost ${controlLost}), ${faults.length} faults`,
    ok: tally.clean && faults.length === 0 && missed.length === 0,
  };
}

function makeBed(): Promise<AppBed> {
  return AppBed.make({ app, settings: { replicas, keepRevisions: 1 } });
}

async function underLoad(chosen: readonly Cell[], mix?: Mix): Promise<Part> {
  if (chosen.length === 0) return nothing;
  await using bed = await makeBed();
  const readiness = { path: "/ready", periodSeconds: 1 };
  if (mix === repeatable) await bed.edit({ probes: { readiness, liveness: livenessOf(bed) } });
  const shape = { rate, ...(mix === undefined ? {} : { mix }) };
  const control = await naiveSwap(bed, { load: shape });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, ...shape });
  const died = await dieAll(bed, chosen, (name) => load.phase(name));
  const tally = tallyOf(await load.stop(), control);
  return { ...died, under: "load", tally, faults: [...died.faults, ...(await leftAfterDown(bed))] };
}

/** The app comes back as it was, and is stopped for good at the end. */
async function downs(chosen: readonly Cell[]): Promise<Part> {
  if (chosen.length === 0) return nothing;
  await using bed = await makeBed();
  await bed.must(0, "up", "--detach");
  const died = await dieAll(bed, chosen, () => undefined);
  return { ...died, under: "nobody", faults: [...died.faults, ...(await leftAfterDown(bed))] };
}

/** Each in an app of its own that never served. */
async function firstStarts(chosen: readonly Cell[]): Promise<Part> {
  const parts: Part[] = [];
  for (const cell of chosen) {
    await using bed = await makeBed();
    const died = await dieAll(bed, [cell], () => undefined);
    parts.push({ ...died, faults: [...died.faults, ...(await leftAfterDown(bed))] });
  }
  return {
    ...nothing,
    deaths: parts.length,
    reached: parts.flatMap((part) => part.reached),
    faults: parts.flatMap((part) => part.faults),
  };
}

async function dieAll(
  bed: AppBed,
  chosen: readonly Cell[],
  phase: (name: string) => void,
): Promise<Part> {
  const deaths: (Death & { readonly cell: Cell })[] = [];
  for (const cell of chosen) {
    phase(`${cell.way} ${nameOf(cell)}`);
    const began = performance.now();
    const death = await dieAt(bed, cell, said);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      `${cell.way} ${nameOf(cell)}: ${death.summary}, ${seconds} s: ${death.faults.length} faults`,
    );
    for (const fault of death.faults) console.log(`  ${fault}`);
    deaths.push({ ...death, cell });
  }
  return {
    ...nothing,
    deaths: deaths.filter(({ reached }) => reached).length,
    reached: deaths.filter(({ reached }) => reached).map(({ cell }) => cell.name),
    faults: deaths.flatMap(({ cell, faults }) =>
      faults.map((fault) => `${cell.way} ${nameOf(cell)}: ${fault}`),
    ),
  };
}

/** Kills from outside, spread over releases that go forward and that were aborted. */
async function atRandom(count: number): Promise<Part> {
  if (count === 0) return nothing;
  const random = seededRandom(Date.now());
  const ways = Array.from({ length: count }, (_, n): Way => (n % 3 === 2 ? "back" : "forward"));
  await using bed = await AppBed.make({ app, settings: { replicas } });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate, firstPhase: "random" });
  const wholeMs = await lengthOfRelease(bed);
  const killer = new ControllerKiller(bed, replicas);
  for (const [index, way] of ways.entries()) {
    const twice = index % adoptionKilledEvery === 1 ? Math.round(random() * adoptionMs) : null;
    console.log(await killer.kill({ way, twice, ...momentOf(ways, index, { wholeMs, random }) }));
  }
  const tally = tallyOf(await load.stop(), control);
  const faults = [...killer.faults, ...(await leftAfterDown(bed))];
  return { ...nothing, under: "load", tally, faults, random: killer.met.length };
}

async function leftAfterDown(bed: AppBed): Promise<readonly string[]> {
  await bed.must(0, "down");
  return (await bed.leftOver()).map(({ pid, command }) => `left: ${pid} ${command}`);
}

const nothing: Part = {
  deaths: 0,
  under: "nobody",
  reached: [],
  tally: null,
  faults: [],
  random: 0,
};
