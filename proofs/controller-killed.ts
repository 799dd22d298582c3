import { setTimeout as after } from "node:timers/promises";
import { HitlessError, type Outcome } from "@hitless/core";
import { seededRandom, startLoad } from "@hitless/load";
import { AppBed, type CommandResult, until } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import {
  anotherController,
  killNamedController,
  namedController,
  persistedDirection,
  persistedReleases,
} from "../test/bed/controller-death.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { ReadyWatch } from "../test/bed/ready-watch.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 300;
/** While a new controller adopts, it is killed too, every so many kills. */
const adoptionKilledEvery = 2;
const adoptionMs = 500;

/** Where a release is when its controller is killed; `back` after an abort, `failing` by itself. */
type Way = "forward" | "back" | "failing";

/** An app whose controllers are killed, once for each of `ways`. */
interface Victim {
  readonly app: string;
  readonly replicas: number;
  readonly ways: readonly Way[];
}

const shop: Victim = {
  app: "shop/1.0",
  replicas: 4,
  ways: Array.from({ length: 12 }, (_, index): Way => (index % 3 === 2 ? "back" : "forward")),
};
/** Each `/ready` takes 0.7 s: so long the next controller does not know who is ready. */
const slow: Victim = {
  app: "../test/bed/apps/slow-ready",
  replicas: 3,
  ways: ["forward", "back", "failing", "forward", "back", "failing", "forward", "back"],
};
const kills = shop.ways.length + slow.ways.length;
/** As many kills at least have to meet a release that goes forward, and one that goes back. */
const leastMet = { forward: 6, back: 4 };

/** `kill -9` of the controller at random moments of releases; the next one takes over. */
export const proof: Proof = {
  title: `kill -9 of the controller at ${kills} random moments of releases, there and back, loses nothing`,
  seconds: 300,
  async run(args): Promise<Finding> {
    const seed = Number(args[0] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- controller-killed ${seed})`);
    const random = seededRandom(seed);
    const parts = [await killAll(shop, random), await killAll(slow, random)];
    const sum = (count: (part: Part) => number) => parts.reduce((n, part) => n + count(part), 0);
    const met = (direction: "forward" | "back") =>
      sum((part) => part.met.filter((each) => each === direction).length);
    const [forward, back] = [met("forward"), met("back")];
    const faults = parts.flatMap((part) => part.faults);
    const tally = sumOf(parts.map((part) => part.tally));
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    const { sent, lost, controlLost } = tally;
    return {
      figure:
        `${kills} kills (${forward} forward, ${back} on the way back), ${sent} requests, ${lost} lost ` +
        `(control lost ${controlLost}), never fewer ready than wanted in ${sum((p) => p.looks)} looks ` +
        `at the slow app: ${faults.length} faults`,
      ok:
        tally.clean && faults.length === 0 && forward >= leastMet.forward && back >= leastMet.back,
    };
  },
};

/** What came of the kills of one app's controllers. */
interface Part {
  /** Where the release on disk was at each kill; null: it had ended. */
  readonly met: readonly ("forward" | "back" | null)[];
  readonly tally: LoadTally;
  readonly looks: number;
  readonly faults: readonly string[];
}

async function killAll(victim: Victim, random: () => number): Promise<Part> {
  const { app, replicas, ways } = victim;
  await using bed = await AppBed.make({ app, settings: { replicas } });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await using load = startLoad({ url: bed.url, rate, firstPhase: app });
  const wholeMs = await lengthOfRelease(bed);
  console.log(`${app}: a release takes ${wholeMs} ms from its intent to its end`);
  await using watch = victim === slow ? new ReadyWatch(bed) : null;
  const killer = new Killer(bed, replicas);
  for (const [index, way] of ways.entries()) {
    const twice = index % adoptionKilledEvery === 1 ? Math.round(random() * adoptionMs) : null;
    await killer.kill({ way, twice, ...momentOf(victim, index, { wholeMs, random }) });
  }
  const watched = await watch?.stop();
  const few = watched !== undefined && watched.fewest < replicas;
  const others =
    victim === shop ? [...(await twoControllersAtOnce(bed)), ...(await upWhileOneDies(bed))] : [];
  const tally = tallyOf(await load.stop(), control);
  await bed.must(0, "down");
  const left = await bed.leftOver();
  return {
    met: killer.met,
    tally,
    looks: watched?.looks ?? 0,
    faults: [
      ...killer.faults,
      ...others,
      ...(few ? [`only ${watched.fewest} of ${replicas} said that they were ready`] : []),
      ...left.map(({ pid, command }) => `left: ${pid} ${command}`),
    ].map((fault) => `${app}: ${fault}`),
  };
}

interface Moment {
  /** From the intent to the abort, for `back`. */
  readonly abortMs: number;
  /** From the intent to the kill, or from the turn for the others. */
  readonly atMs: number;
}

function momentOf(
  { ways }: Victim,
  index: number,
  { wholeMs, random }: { readonly wholeMs: number; readonly random: () => number },
): Moment {
  const own = ways.slice(0, index).filter((way) => way === ways[index]).length;
  const all = ways.filter((way) => way === ways[index]).length;
  const share = own === 0 ? 0 : (own + random()) / all;
  const abortMs = Math.round((0.2 + 0.4 * random()) * wholeMs);
  switch (ways[index]) {
    case "back":
      return { abortMs, atMs: Math.round(share * 0.3 * wholeMs) };
    case "failing":
      return { abortMs, atMs: Math.round(share * 100) };
    default:
      // One in each part of a release, the first right after the intent.
      return { abortMs, atMs: Math.round(share * wholeMs) };
  }
}

/** From the intent on disk to the row in history, without anybody being killed. */
async function lengthOfRelease(bed: AppBed): Promise<number> {
  await bed.must(0, "release", "--set", "config.GREETING=measured", "--wait");
  const last = (await bed.history()).at(-1);
  await bed.must(0, "rollback", "--to", "1", "--wait");
  if (last === undefined) throw new Error("the measured release is not in history");
  return last.endedAt - last.startedAt;
}

interface Kill extends Moment {
  readonly way: Way;
  /** How long after its start the next controller is killed as well; null: it lives. */
  readonly twice: number | null;
}

/** Kills one controller after the other, and keeps count of what the app should serve. */
class Killer {
  readonly faults: string[] = [];
  readonly met: ("forward" | "back" | null)[] = [];
  private readonly bed: AppBed;
  private readonly replicas: number;
  /** What served before the release under way. */
  private stand = { revision: 1, greeting: "hello" };

  constructor(bed: AppBed, replicas: number) {
    this.bed = bed;
    this.replicas = replicas;
  }

  async kill(kill: Kill): Promise<void> {
    const { bed } = this;
    const greeting = `after kill ${this.met.length + 1}`;
    const before = await persistedReleases(bed);
    const set = [`config.GREETING=${greeting}`, `config.FATE=${fateOf(kill.way)}`];
    const release = bed.start("release", ...set.flatMap((each) => ["--set", each]));
    // A command that was refused would leave us waiting for what never comes.
    const refused = release.done.then(({ code, stderr }) => {
      if (code !== 0 && code !== 8) throw new Error(`release: exit ${code}: ${stderr}`);
      return new Promise<never>(() => {});
    });
    const onDisk = until(
      async () => (await persistedReleases(bed)) > before,
      "the intent is on disk",
    );
    await Promise.race([onDisk, refused]);
    const wanted = await untilMoment(bed, kill);
    await killNamedController(bed);
    this.met.push(await persistedDirection(bed));
    await release.done;
    if (kill.twice !== null) await killTheNext(bed, kill.twice);
    const up = await bed.must(0, "up", "--detach");
    const said = `${kill.way}, ${kill.atMs} ms on, killed ${this.met.at(-1) ?? "at the end"}`;
    const more = kill.twice === null ? "" : ` and ${kill.twice} ms into the next`;
    const faults = await this.judge(before + 1, { wanted, greeting });
    console.log(
      `kill ${this.met.length}: ${said}${more}; up in ${up.seconds.toFixed(1)} s, ` +
        `release ${before + 1} ${wanted}: ${faults.length} faults`,
    );
    this.faults.push(
      ...faults.map((fault) => `kill ${this.met.length} (${said}${more}): ${fault}`),
    );
  }

  /** What serves has to be what history says, and history what was asked. */
  private async judge(
    id: number,
    { wanted, greeting }: { readonly wanted: Outcome; readonly greeting: string },
  ): Promise<readonly string[]> {
    const { bed, replicas, stand } = this;
    const row = (await bed.history()).find((each) => each.id === id);
    if (row === undefined) return [`release ${id} is not in history`];
    const { outcome, from, to } = row;
    const done = outcome === "succeeded";
    this.stand = done ? { revision: to, greeting } : stand;
    const { revision, greeting: GREETING } = this.stand;
    const wholeStand = { revision, version: "1.0", config: { GREETING }, replicas };
    return [
      ...(outcome === wanted ? [] : [`release ${id}: ${outcome}, not ${wanted}`]),
      ...(from === stand.revision ? [] : [`release ${id}: from ${from}, not ${stand.revision}`]),
      ...(to > stand.revision ? [] : [`release ${id}: to ${to}, which is not new`]),
      ...(await faultsOf(bed, await bed.status(), wholeStand)),
    ];
  }
}

/** How a release has to end when its controller was killed on this way. */
const endOf = {
  forward: "succeeded",
  back: "aborted",
  failing: "failed",
} as const satisfies Record<Way, Outcome>;

function fateOf(way: Way): string {
  return way === "failing" ? "exits" : "serves";
}

/** Waits for the moment of the kill; resolves with how the release has to end. */
async function untilMoment(bed: AppBed, { way, abortMs, atMs }: Kill): Promise<Outcome> {
  if (way === "back") {
    await after(abortMs);
    if (!(await aborts(bed))) return "succeeded";
  }
  if (way === "failing") {
    const turned = async () => (await persistedDirection(bed)) !== "forward";
    await until(turned, "the release turns back", 60_000);
  }
  await after(atMs);
  return endOf[way];
}

/** False when no release was left; one that was there and accepted it has to go back. */
async function aborts(bed: AppBed): Promise<boolean> {
  const client = await connectTo(bed);
  try {
    const { newest } = await client.status();
    await client.intent({ kind: "abort", by: "proof", meantFor: newest });
    return true;
  } catch (refused) {
    if (!(refused instanceof HitlessError) || refused.happened?.kind !== "ended") throw refused;
    return false;
  } finally {
    await client.close();
  }
}

async function killTheNext(bed: AppBed, afterMs: number): Promise<void> {
  const before = await namedController(bed);
  const up = bed.start("up", "--detach");
  let over = false;
  const ended = up.done.then(() => {
    over = true;
  });
  if ((await anotherController(bed, before, () => over)) !== null) {
    await after(afterMs);
    await killNamedController(bed);
  }
  await ended;
}

/** One of them runs the app, the other is refused and names it. */
async function twoControllersAtOnce(bed: AppBed): Promise<readonly string[]> {
  await killNamedController(bed);
  const both = await Promise.all([bed.run("up", "--detach"), bed.run("up", "--detach")]);
  const { controller } = await bed.status();
  const codes = both.map(({ code }) => code).sort();
  const refused = both.find(({ code }) => code === 6);
  console.log(`two at once: exit ${codes.join(" and ")}; ${lastLine(refused)}`);
  if (codes.join() !== "0,6") return [`two at once ended with ${codes.join(" and ")}`];
  const named = refused?.stderr.includes(`process ${controller.pid} `) ?? false;
  return named ? [] : [`the refused one does not name ${controller.pid}: ${refused?.stderr}`];
}

/** Started while the old one lives and dies: refused by its name, or a controller by itself. */
async function upWhileOneDies(bed: AppBed): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const killedAtMs of [0, 100, 200, 300, 400, 600]) {
    const old = await namedController(bed);
    const up = bed.start("up", "--detach");
    await after(killedAtMs);
    await killNamedController(bed);
    const { code, stderr } = await up.done;
    console.log(`up, the old one killed ${killedAtMs} ms later: exit ${code}`);
    if (code !== 0 && !(code === 6 && stderr.includes(`process ${old} `))) {
      faults.push(`up while ${old} died: exit ${code}: ${stderr}`);
    }
    if (code !== 0) await bed.must(0, "up", "--detach");
  }
  return faults;
}

function lastLine(result: CommandResult | undefined): string {
  return result?.stderr.trim().split("\n").at(-1) ?? "nobody was refused";
}
