import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { medianOf, startLoad } from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { heardAt } from "../test/bed/heard-at.ts";
import { untilHeldAt } from "../test/bed/held-release.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveStreams } from "../test/bed/naive-streams.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { StreamClients } from "../test/bed/stream-clients.ts";
import type { Finding, Proof } from "./proof.ts";

const usualRounds = 10;
const streamsEach = 10;
const withinMs = 1_000;
/** The clients ask on for so long after a command has returned, ms. */
const lookOnMs = 500;
const load = { rate: 150, seed: 5, expect: "any" } as const;

/** The way there and back of blue-green, by the arrivals that the app itself writes down. */
export const proof: Proof = {
  title:
    "blue-green: asked for, the switch and the rollback to a warm side take under 1 s, then the old side gets nothing; 0 lost",
  seconds: 40,
  takes: [
    {
      kind: "number",
      name: "ROUNDS",
      what: `how often there and back; ${usualRounds}`,
      least: 1,
    },
  ],
  async run(args): Promise<Finding> {
    const rounds = Number(args[0] ?? usualRounds);
    await using bed = await AppBed.make({ app: "../test/bed/apps/streams", settings });
    const broken = await naiveStreams(bed, streamsEach);
    const control = await naiveSwap(bed, { load: { ...load, seed: 6 }, phaseMs: 500 });
    await mkdir(arrivalsOf(bed));
    await bed.edit({ config: { ARRIVALS: arrivalsOf(bed) } });
    await bed.must(0, "up", "--detach");
    using clients = new StreamClients({ port: bed.port, each: streamsEach, again: true });
    await using session = startLoad({ ...load, url: bed.url });
    const moves: Move[] = [];
    for (let n = 1; n <= rounds; n += 1) moves.push(...(await thereAndBack(bed, n)));
    const young = await retireOldSide(bed);
    await until(() => clients.on(young) === 2 * streamsEach, "all streams are on the new side");
    const tally = tallyOf(await session.stop(), control);
    if (!tally.clean) console.log(tally.complaint);
    const faults = [...clients.refused, ...clients.ends.flatMap(({ fault }) => fault ?? [])];
    for (const fault of new Set(faults)) console.log(`fault: ${fault}`);
    const late = moves.filter((one) => one.lastMs > one.tookMs).length;
    return {
      figure:
        `${textOf(moves, "promote")}; ${textOf(moves, "rollback")}; ${late} commands after whose return the old side still got a request; ` +
        `${clients.ends.length} streams ended, ${faults.length} with a fault (control broke ${broken.broken} of ${broken.streams}); ` +
        `${tally.lost} of ${tally.sent} requests lost (control lost ${tally.controlLost})`,
      ok:
        moves.every((one) => one.lastMs < withinMs) &&
        late === 0 &&
        faults.length === 0 &&
        clients.ends.length > 0 &&
        broken.broken > 0 &&
        tally.clean,
    };
  },
};

const settings = {
  replicas: 2,
  drain: { timeoutSeconds: 2 },
  strategy: { blueGreen: { checks: ["approval"], bake: "0s", keepWarm: "10m" } },
};

/** What one command came to, in milliseconds from its start. */
interface Move {
  readonly command: "promote" | "rollback";
  /** To the last request head that reached the side that was left. */
  readonly lastMs: number;
  /** To the same from when the controller heard of it, without the start of the command's own process. */
  readonly heardMs: number;
  readonly tookMs: number;
}

async function thereAndBack(bed: AppBed, n: number): Promise<readonly Move[]> {
  await bed.must(0, "release", "--set", `config.ROUND=${n}`);
  const { release } = await untilHeldAt(bed, "preview");
  const [old, young] = [release?.from ?? 0, release?.to ?? 0];
  const there = await move(bed, "promote", old);
  return [there, await move(bed, "rollback", young)];
}

async function move(bed: AppBed, command: Move["command"], left: number): Promise<Move> {
  const began = Date.now();
  await bed.must(0, command, "--wait");
  const returned = Date.now();
  const heard = await heardAt(bed);
  // By now the app has been asked on for a while; whatever still came to the side that was left is there.
  await until(() => Date.now() - returned > lookOnMs, "the clients asked on");
  const last = Math.max(...(await arrivals(bed, left)));
  const [lastMs, heardMs, tookMs] = [last - began, last - heard, returned - began];
  console.log(
    `${command}: last request for revision ${left} after ${lastMs} ms (${heardMs} ms after the controller had heard of it), back after ${tookMs} ms`,
  );
  return { command, lastMs, heardMs, tookMs };
}

/** One more there, with nothing kept warm: the streams of the old side have to end. Resolves with the new revision. */
async function retireOldSide(bed: AppBed): Promise<string> {
  const keys = ["config.ROUND=last", "strategy.blueGreen.keepWarm=0s"];
  await bed.must(0, "release", ...keys.flatMap((key) => ["--set", key]));
  const { release } = await untilHeldAt(bed, "preview");
  await bed.must(0, "promote", "--wait");
  return String(release?.to);
}

function arrivalsOf(bed: AppBed): string {
  return join(dirname(bed.dir), "arrivals");
}

/** When requests reached that revision, by its own log; ms since the epoch. */
async function arrivals(bed: AppBed, revision: number): Promise<readonly number[]> {
  const text = await readFile(join(arrivalsOf(bed), String(revision)), "utf8");
  return text.trim().split("\n").map(Number);
}

function textOf(moves: readonly Move[], command: Move["command"]): string {
  const own = moves.filter((one) => one.command === command);
  return (
    `${own.length} × ${command}: last request for the old side ${spanOf(own.map((one) => one.lastMs))} after the command, ` +
    `${spanOf(own.map((one) => one.heardMs))} after the controller had heard of it`
  );
}

function spanOf(times: readonly number[]): string {
  return `${Math.round(medianOf(times))} ms (at worst ${Math.max(...times)})`;
}
