import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lostRequests, noTraffic } from "@hitless/core";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { naiveStreams } from "../test/bed/naive-streams.ts";
import type { StreamEnd } from "../test/bed/stream-client.ts";
import { StreamClients } from "../test/bed/stream-clients.ts";
import { type Spread, spreadOf } from "../test/bed/stream-spread.ts";
import type { Finding, Proof } from "./proof.ts";

const app = "../test/bed/apps/streams";
const replicas = 2;
/** `drain.timeoutSeconds` of the app, and how much of it the ends are spread over. */
const budgetSeconds = 10;
const windowMs = budgetSeconds * 800;
/** Of a replica's streams, at most so many may end within a tenth of the window. */
const mostAtOnce = 0.25;

/** Clients that check every byte, on a real app that writes events and frames in pieces. */
export const proof: Proof = {
  title:
    "SSE and WebSockets through releases: each ends whole, spread over the budget, and is taken up again",
  seconds: 90,
  takes: [
    { kind: "number", name: "CLIENTS", what: "how many of each kind; 500", least: 1 },
    { kind: "number", name: "RELEASES", what: "how many releases; 5", least: 1 },
    { kind: "number", name: "WORKERS", what: "of the proxy; 1", least: 1 },
  ],
  async run(args): Promise<Finding> {
    const each = Number(args[0] ?? 500);
    const releases = Number(args[1] ?? 5);
    const workers = args[2] ?? "1";
    await using bed = await AppBed.make({
      app,
      settings: { replicas, drain: { timeoutSeconds: budgetSeconds } },
    });
    const control = await naiveStreams(bed, each);
    console.log(`control: ${control.broken} of ${control.streams} broken, ${control.example}`);
    await bed.edit({ config: { ENDS: join(dirname(bed.dir), "ends") } });
    await bed.must(0, "up", "--detach", "--workers", workers);
    using clients = new StreamClients({ port: bed.port, each, again: true });
    await allOn(clients, "1", 2 * each);
    const rounds: Round[] = [];
    for (let n = 1; n <= releases; n += 1) rounds.push(await release(bed, clients, n));
    return findingOf({ each, rounds, control, clients, said: await saidTo(bed) });
  },
};

/** What one release did to the streams. */
interface Round {
  /** What history says that clients lost of it. */
  readonly lost: number;
  readonly ends: readonly StreamEnd[];
  readonly spread: Spread;
  /** How many took up again with a revision that was on its way out. */
  readonly backToOld: number;
}

async function release(bed: AppBed, clients: StreamClients, n: number): Promise<Round> {
  const before = clients.ends.length;
  const all = clients.on(String(n));
  const { seconds } = await bed.must(0, "release", "--set", `config.ROUND=${n}`, "--wait");
  await allOn(clients, String(n + 1), all);
  const ends = clients.ends.slice(before);
  const { traffic = noTraffic } = (await bed.history()).at(-1) ?? {};
  const spread = spreadOf(ends, windowMs);
  const backToOld = ends.length - all;
  const faults = ends.filter(({ fault }) => fault !== null).length;
  console.log(
    `release ${n}: --wait ${seconds.toFixed(1)} s; ${ends.length} ends, ${faults} with a fault, ` +
      `${textOf(spread)}; ${backToOld} took up with the old revision once more`,
  );
  return { ends, spread, backToOld, lost: lostRequests(traffic) };
}

async function allOn(clients: StreamClients, revision: string, all: number): Promise<void> {
  await until(() => clients.on(revision) >= all, `${all} streams of revision ${revision}`, 60_000);
}

/** What the app's processes heard of WebSockets that ended, by code; those without one too. */
async function saidTo(bed: AppBed): Promise<Readonly<Record<string, number>>> {
  const folder = join(dirname(bed.dir), "ends");
  const said: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    const { codes, none } = JSON.parse(await readFile(join(folder, name), "utf8"));
    for (const [code, count] of Object.entries({ ...codes, none })) {
      said[code] = (said[code] ?? 0) + Number(count);
    }
  }
  return said;
}

interface Seen {
  readonly each: number;
  readonly rounds: readonly Round[];
  readonly control: { readonly broken: number; readonly streams: number };
  readonly clients: StreamClients;
  readonly said: Readonly<Record<string, number>>;
}

function findingOf({ each, rounds, control, clients, said }: Seen): Finding {
  const ends = rounds.flatMap((round) => round.ends);
  const faults = ends.flatMap(({ kind, fault }) => (fault === null ? [] : [`${kind}: ${fault}`]));
  for (const fault of new Set([...faults, ...clients.refused])) console.log(`fault: ${fault}`);
  const sse = ends.filter(({ kind }) => kind === "sse").length;
  const crowd = Math.max(...rounds.map(({ spread }) => spread.crowd));
  const last = Math.max(...rounds.map(({ spread }) => spread.last));
  const lost = rounds.reduce((sum, round) => sum + round.lost, 0);
  const back = rounds.reduce((sum, { backToOld }) => sum + backToOld, 0);
  const { 1001: farewells = 0, ...others } = said;
  const unheard = Object.values(others).reduce((sum, count) => sum + count, 0);
  console.log(`the app heard of its WebSockets: ${JSON.stringify(said)}`);
  return {
    figure:
      `${rounds.length} releases, ${sse} SSE and ${ends.length - sse} WebSocket streams ended: ` +
      `${faults.length} not at a boundary or with another code than 1001, ${clients.refused.length} refused, ` +
      `${lost} lost by history; ` +
      `spread over up to ${last.toFixed(1)} s of a budget of ${budgetSeconds} s, at most ` +
      `${percent(crowd)} of a replica's in a tenth of the window; ${ends.length - back} took up with the new ` +
      `revision at once, ${back} after the old one (control broke ${control.broken} of ${control.streams})`,
    ok:
      faults.length === 0 &&
      clients.refused.length === 0 &&
      lost === 0 &&
      ends.length >= 2 * each * rounds.length &&
      unheard === 0 &&
      farewells > 0 &&
      (crowd <= mostAtOnce || each < 20) &&
      last * 1000 <= budgetSeconds * 1000 + 2000 * replicas &&
      control.broken > 0,
  };
}

function textOf({ median, last, crowd }: Spread): string {
  return `median ${median.toFixed(1)} s and last ${last.toFixed(1)} s after the first, at most ${percent(crowd)} in a tenth`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
