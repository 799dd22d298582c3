import type { LoadReport } from "@hitless/load";
import {
  type DeployedStreams,
  streamsBehind,
  streamsUnderHitless,
  streamsUnderPm2,
} from "../test/bed/deployed-streams.ts";
import {
  type Faulted,
  faultedHitless,
  faultedRival,
  killUnderLoad,
  missingRival,
  type RivalName,
} from "../test/bed/faulted.ts";
import { switchTimes } from "../test/bed/switch-times.ts";
import type { Finding, Proof } from "./proof.ts";

const rivals: readonly RivalName[] = ["nginx", "HAProxy", "PM2"];
const rate = 300;
const releases = 9;
const switchBoundMs = 400;
/** `drain.timeoutSeconds` of the app with streams: Hitless spreads their ends over it. */
const streams = { each: 10, budgetSeconds: 10 };

/** The same app and the same load, Hitless and its peers one after the other. */
export const proof: Proof = {
  title:
    "replicas killed, streams at a deploy, the time of a switch: Hitless, nginx, HAProxy and PM2 side by side",
  seconds: 300,
  takes: [
    { kind: "number", name: "KILLS", what: "how many of each kind; 3", least: 1 },
    { kind: "number", name: "RATE", what: `requests a second; ${rate}`, least: 10 },
  ],
  async run(args): Promise<Finding> {
    const how = { kills: Number(args[0] ?? 3), rate: Number(args[1] ?? rate) };
    const present = rivals.filter(isPresent);
    const tables = [await killed(2, how, present), await killed(1, how, present)];
    const deploys = await deploysWithStreams(present);
    const { switchMs, bootMs } = await switchTimes(releases);
    const faults = [
      ...faultsOfKills(tables, how.kills),
      ...faultsOfStreams(deploys),
      ...(switchMs <= switchBoundMs
        ? []
        : [`a switch took ${switchMs} ms, more than ${switchBoundMs} ms`]),
    ];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return {
      figure: [
        ...tables.map(
          (table, n) => `${n === 0 ? "1 of 2" : "the only one"} killed: ${rowOf(table)}`,
        ),
        ...deploys.map(deployText),
        `switch: ${switchMs} ms for an app that booted in ${bootMs} ms, medians of ${releases}`,
      ].join("\n"),
      ok: faults.length === 0,
    };
  },
};

function isPresent(name: RivalName): boolean {
  const missing = missingRival(name);
  if (missing !== null) console.log(`left out: ${missing}`);
  return missing === null;
}

interface Row {
  readonly name: string;
  readonly sent: number;
  readonly lost: number;
  readonly getsLost: number;
  readonly kills: number;
}

/** Hitless first, then its peers. */
async function killed(
  replicas: number,
  how: { readonly kills: number; readonly rate: number },
  present: readonly RivalName[],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const run = async (start: Promise<Faulted>) => {
    await using faulted = await start;
    const report = await killUnderLoad(faulted, how);
    rows.push(rowFrom(faulted.name, report, how.kills));
    console.log(`${how.kills} × 1 of ${replicas} killed: ${rowOf(rows.slice(-1))}`);
  };
  await run(faultedHitless(replicas));
  for (const name of present) await run(faultedRival(name, replicas));
  return rows;
}

function faultsOfKills(tables: readonly (readonly Row[])[], kills: number): readonly string[] {
  const [oneOfTwo, theOnly] = tables.map((table) => table[0]);
  const peers = tables.flatMap((table) => table.slice(1));
  const blind = peers.length > 0 && peers.every(({ lost }) => lost === 0);
  return [
    ...((oneOfTwo?.lost ?? 0) <= kills ? [] : ["more than 1 lost per kill of 1 of 2"]),
    ...(theOnly?.getsLost === 0 ? [] : [`${theOnly?.getsLost} GETs lost with the only one`]),
    ...(blind ? ["no peer lost anything: the load is blind"] : []),
  ];
}

function rowFrom(name: string, { total }: LoadReport, kills: number): Row {
  const { sent, lost, kinds } = total;
  if (lost > 0)
    console.log(`  ${name}: ${JSON.stringify({ ...total.lostByCause, ...total.lostByAnswer })}`);
  return { name, sent, lost, getsLost: lost - kinds.post.lost, kills };
}

function rowOf(rows: readonly Row[]): string {
  return rows
    .map((r) => `${r.name} ${r.lost} lost (${r.getsLost} GETs) of ${r.sent} in ${r.kills} kills`)
    .join(", ");
}

interface Deploy extends DeployedStreams {
  readonly name: string;
}

/** Hitless first, then its peers. */
async function deploysWithStreams(present: readonly RivalName[]): Promise<readonly Deploy[]> {
  const deploys: Deploy[] = [{ name: "Hitless", ...(await streamsUnderHitless(streams)) }];
  for (const name of present) {
    const run = name === "PM2" ? streamsUnderPm2(streams) : streamsBehind(name, streams);
    deploys.push({ name, ...(await run) });
  }
  return deploys;
}

function deployText({ name, seconds, ended, spread, faults, away }: Deploy): string {
  return (
    `deploy with ${streams.each} SSE and ${streams.each} WebSockets, ${name}: the command returned after ` +
    `${seconds.toFixed(1)} s, ${ended} streams ended over ${spread.toFixed(1)} s, ${faults.length} not at a boundary, ${away} clients left without one`
  );
}

/** The command returns before the streams have ended; they end whole, and not all at once. */
function faultsOfStreams([ours, ...peers]: readonly Deploy[]): readonly string[] {
  if (ours === undefined) return ["no deploy"];
  const blind = peers.length > 0 && peers.every(({ faults }) => faults.length === 0);
  return [
    ...ours.faults,
    ...(ours.away === 0 ? [] : [`${ours.away} clients did not get to the new revision`]),
    ...(ours.spread > 1 ? [] : ["the streams ended all at once"]),
    ...(ours.endedMeanwhile === ours.ended ? ["the command waited for the streams"] : []),
    ...(blind ? ["no peer broke a stream: the clients are blind"] : []),
  ];
}
