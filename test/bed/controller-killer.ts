import { setTimeout as after } from "node:timers/promises";
import { HitlessError, type Outcome, type ReleaseRecord } from "@hitless/core";
import { type AppBed, until } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";
import {
  anotherController,
  killNamedController,
  namedController,
  persistedDirection,
  persistedReleases,
} from "./controller-death.ts";
import { faultsOf } from "./stands-on.ts";

/** Where a release is when its controller is killed; `back` after an abort, `failing` by itself. */
export type Way = "forward" | "back" | "failing";

/** When a controller is killed. */
export interface Moment {
  /** From the intent to the abort, for `back`. */
  readonly abortMs: number;
  /** From the intent to the kill, or from the turn for the others. */
  readonly atMs: number;
}

/** Spreads the kills of each way over the whole of a release, at random within its part. */
export function momentOf(
  ways: readonly Way[],
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
export async function lengthOfRelease(bed: AppBed): Promise<number> {
  await bed.must(0, "release", "--set", "config.GREETING=measured", "--wait");
  const last = (await bed.history()).at(-1);
  await bed.must(0, "rollback", "--to", "1", "--wait");
  if (last === undefined) throw new Error("the measured release is not in history");
  return last.endedAt - last.startedAt;
}

/** One kill in the middle of a release. */
export interface Kill extends Moment {
  readonly way: Way;
  /** How long after its start the next controller is killed as well; null: it lives. */
  readonly twice: number | null;
}

/** Kills one controller after the other, and keeps count of what the app should serve. */
export class ControllerKiller {
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

  /** Resolves with what came of it, for the reader, once the app stands again. */
  async kill(kill: Kill): Promise<string> {
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
    this.faults.push(
      ...faults.map((fault) => `kill ${this.met.length} (${said}${more}): ${fault}`),
    );
    return (
      `kill ${this.met.length}: ${said}${more}; up in ${up.seconds.toFixed(1)} s, ` +
      `release ${before + 1} ${wanted}: ${faults.length} faults`
    );
  }

  private async judge(id: number, asked: Asked): Promise<readonly string[]> {
    const client = await connectTo(this.bed);
    try {
      const row = (await client.history()).find((each) => each.id === id);
      if (row === undefined) return [`release ${id} is not in history`];
      return [
        ...this.misjudged(row, asked),
        ...(await faultsOf(this.bed, await client.status(), this.wholeStand)),
      ];
    } finally {
      await client.close();
    }
  }

  /** What serves has to be what history says, and history what was asked. */
  private misjudged(
    { id, outcome, from, to }: ReleaseRecord,
    { wanted, greeting }: Asked,
  ): readonly string[] {
    const { stand } = this;
    if (outcome === "succeeded") this.stand = { revision: to, greeting };
    return [
      ...(outcome === wanted ? [] : [`release ${id}: ${outcome}, not ${wanted}`]),
      ...(from === stand.revision ? [] : [`release ${id}: from ${from}, not ${stand.revision}`]),
      ...(to > stand.revision ? [] : [`release ${id}: to ${to}, which is not new`]),
    ];
  }

  private get wholeStand() {
    const { revision, greeting: GREETING } = this.stand;
    return { revision, version: "1.0", config: { GREETING }, replicas: this.replicas };
  }
}

/** What a release was asked for, and how it has to end. */
interface Asked {
  readonly wanted: Outcome;
  readonly greeting: string;
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
