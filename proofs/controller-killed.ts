import { setTimeout as after } from "node:timers/promises";
import { seededRandom, startLoad } from "@hitless/load";
import { AppBed, type CommandResult } from "../test/bed/app-bed.ts";
import { killNamedController, namedController } from "../test/bed/controller-death.ts";
import {
  ControllerKiller,
  lengthOfRelease,
  momentOf,
  type Way,
} from "../test/bed/controller-killer.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { ReadyWatch } from "../test/bed/ready-watch.ts";
import { seedArgument } from "./arguments.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 300;
/** While a new controller adopts, it is killed too, every so many kills. */
const adoptionKilledEvery = 2;
const adoptionMs = 500;

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
  takes: [seedArgument],
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
  const killer = new ControllerKiller(bed, replicas);
  for (const [index, way] of ways.entries()) {
    const twice = index % adoptionKilledEvery === 1 ? Math.round(random() * adoptionMs) : null;
    console.log(
      await killer.kill({ way, twice, ...momentOf(victim.ways, index, { wholeMs, random }) }),
    );
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
