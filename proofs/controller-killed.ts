import { setTimeout as after } from "node:timers/promises";
import { renderReport, seededRandom, startLoad, verdictOf } from "@hitless/load";
import { AppBed, type CommandResult, until } from "../test/bed/app-bed.ts";
import {
  anotherController,
  killNamedController,
  namedController,
  persistedReleases,
} from "../test/bed/controller-death.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import type { Finding, Proof } from "./proof.ts";

const kills = 20;
const rate = 300;
const replicas = 4;
/** While a new controller adopts, it is killed too, every so many kills. */
const adoptionKilledEvery = 2;
const adoptionMs = 500;

/** `kill -9` of the controller at random moments of releases; the next one takes over. */
export const proof: Proof = {
  title: `kill -9 of the controller at ${kills} random moments of releases loses nothing`,
  seconds: 240,
  async run(args): Promise<Finding> {
    const seed = Number(args[0] ?? Date.now() % 100_000);
    console.log(`seed ${seed} (repeat with: npm run prove -- controller-killed ${seed})`);
    await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach");
    const load = startLoad({ url: bed.url, rate, seed });
    try {
      const wholeMs = await lengthOfRelease(bed);
      const before = await persistedReleases(bed);
      const faults = await killAll(bed, { wholeMs, random: seededRandom(seed) });
      const twoAtOnce = await twoControllersAtOnce(bed);
      const whileDying = await upWhileOneDies(bed);
      const history = await bed.history();
      const ended = history.filter(
        ({ id, outcome }) => id > before && outcome === "succeeded",
      ).length;
      const report = await load.stop();
      console.log(renderReport(report));
      await bed.must(0, "down");
      const left = await bed.leftOver();
      const strays = left.map(({ pid, command }) => `left: ${pid} ${command}`);
      const all = [...faults, ...twoAtOnce, ...whileDying, ...strays];
      for (const fault of all) console.log(`FAULT ${fault}`);
      const verdict = verdictOf(report, control);
      const { sent, lost } = report.total;
      const controlLost = control.load.total.lost;
      return {
        figure: `${kills} kills, ${sent} requests, ${lost} lost (control lost ${controlLost}), ${ended} releases ended, ${left.length} strays`,
        ok: verdict.kind === "clean" && ended === kills && all.length === 0,
      };
    } finally {
      await load.stop();
    }
  },
};

async function killAll(
  bed: AppBed,
  { wholeMs, random }: { readonly wholeMs: number; readonly random: () => number },
): Promise<readonly string[]> {
  console.log(`a release takes ${wholeMs} ms from its intent to its end`);
  const faults: string[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    // One in each twentieth of a release, the first right after the intent.
    const atMs = kill === 0 ? 0 : Math.round(((kill + random()) / kills) * wholeMs);
    const twice = kill % adoptionKilledEvery === 1 ? Math.round(random() * adoptionMs) : null;
    const found = await killOnce(bed, { number: kill + 1, atMs, twice });
    faults.push(...found.map((fault) => `kill ${kill + 1}, ${atMs} ms after the intent: ${fault}`));
  }
  return faults;
}

/** From the intent on disk to the row in history, without anybody being killed. */
async function lengthOfRelease(bed: AppBed): Promise<number> {
  await bed.must(0, "release", "--set", "config.GREETING=measured", "--wait");
  const last = (await bed.history()).at(-1);
  await bed.must(0, "rollback", "--to", "1", "--wait");
  if (last === undefined) throw new Error("the measured release is not in history");
  return last.endedAt - last.startedAt;
}

interface Kill {
  readonly number: number;
  readonly atMs: number;
  /** How long after its start the next controller is killed as well; null: it lives. */
  readonly twice: number | null;
}

async function killOnce(bed: AppBed, kill: Kill): Promise<readonly string[]> {
  const greeting = `after kill ${kill.number}`;
  const before = await persistedReleases(bed);
  const release = bed.start("release", "--set", `config.GREETING=${greeting}`);
  await until(async () => (await persistedReleases(bed)) > before, "the intent is on disk");
  await after(kill.atMs);
  await killNamedController(bed);
  await release.done;
  if (kill.twice !== null) await killTheNext(bed, kill.twice);
  const up = await bed.must(0, "up", "--detach");
  const status = await bed.status();
  const row = (await bed.history()).find(({ id }) => id === before + 1);
  const outcome = row?.outcome ?? "no outcome";
  console.log(
    `kill ${kill.number}: ${kill.atMs} ms after the intent${kill.twice === null ? "" : `, and ${kill.twice} ms into the next`}; ` +
      `up in ${up.seconds.toFixed(1)} s, release ${before + 1} ${outcome}`,
  );
  const stand = {
    revision: status.stable ?? 0,
    version: "1.0",
    config: { GREETING: greeting },
    replicas,
  };
  const faults = await faultsOf(bed, status, stand);
  return outcome === "succeeded" ? faults : [`release ${before + 1}: ${outcome}`, ...faults];
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
