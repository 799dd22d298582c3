import { setTimeout as after } from "node:timers/promises";
import type { LoadReport } from "@hitless/load";
import { AppBed, until } from "../test/bed/app-bed.ts";
import {
  type Faulted,
  faultedHitless,
  faultedRival,
  killUnderLoad,
  missingRival,
  type RivalName,
} from "../test/bed/faulted.ts";
import { StreamClients } from "../test/bed/stream-clients.ts";
import { spreadOf } from "../test/bed/stream-spread.ts";
import type { Finding, Proof } from "./proof.ts";

const rivals: readonly RivalName[] = ["nginx", "HAProxy"];
const rate = 300;
const releases = 5;
const switchBoundMs = 400;
/** `drain.timeoutSeconds` of the app with streams, and how much of it their ends are spread over. */
const budgetSeconds = 10;
const windowMs = budgetSeconds * 800;
const streamsEach = 10;

/** The same app and the same load, Hitless and its peers one after the other. */
export const proof: Proof = {
  title:
    "replicas killed, streams at a deploy, the time of a switch: Hitless, nginx and HAProxy side by side",
  seconds: 240,
  takes: [
    { kind: "number", name: "KILLS", what: "how many of each kind; 3", least: 1 },
    { kind: "number", name: "RATE", what: `requests a second; ${rate}`, least: 10 },
  ],
  async run(args): Promise<Finding> {
    const how = { kills: Number(args[0] ?? 3), rate: Number(args[1] ?? rate) };
    const tables = [await killed(2, how), await killed(1, how)];
    const [oneOfTwo, theOnly] = tables.map((table) => table[0]);
    const streams = await deployWithStreams();
    const switchMs = await switchTimes();
    const fastest = Math.min(...switchMs);
    const peerLost = tables.flatMap((table) => table.slice(1)).reduce((sum, p) => sum + p.lost, 0);
    const faults = [
      ...((oneOfTwo?.lost ?? 0) <= how.kills ? [] : ["more than 1 lost per kill of 1 of 2"]),
      ...(theOnly?.getsLost === 0 ? [] : [`${theOnly?.getsLost} GETs lost with the only one`]),
      ...streams.faults,
      ...(fastest <= switchBoundMs ? [] : [`no switch took less than ${switchBoundMs} ms`]),
      ...(peerLost > 0 || tables[0]?.length === 1
        ? []
        : ["no peer lost anything: the load is blind"]),
    ];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return {
      figure: [
        ...tables.map(
          (table, n) => `${n === 0 ? "1 of 2" : "the only one"} killed: ${rowOf(table)}`,
        ),
        streams.text,
        `switch of an app that boots in 50 ms: ${switchMs.map((ms) => `${ms} ms`).join(", ")}`,
      ].join("\n"),
      ok: faults.length === 0,
    };
  },
};

interface Row {
  readonly name: string;
  readonly sent: number;
  readonly lost: number;
  readonly getsLost: number;
  readonly kills: number;
}

/** Hitless first, then whoever of the peers is installed. */
async function killed(
  replicas: number,
  how: { readonly kills: number; readonly rate: number },
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const run = async (start: Promise<Faulted>) => {
    await using faulted = await start;
    const report = await killUnderLoad(faulted, how);
    rows.push(rowFrom(faulted.name, report, how.kills));
    console.log(`${how.kills} × 1 of ${replicas} killed: ${rowOf(rows.slice(-1))}`);
  };
  await run(faultedHitless(replicas));
  for (const name of rivals) {
    const missing = missingRival(name);
    if (missing === null) await run(faultedRival(name, replicas));
    else console.log(`left out: ${missing}`);
  }
  return rows;
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

/** The command returns long before the streams have ended; they end whole, and not all at once. */
async function deployWithStreams(): Promise<{
  readonly text: string;
  readonly faults: readonly string[];
}> {
  await using bed = await AppBed.make({
    app: "../test/bed/apps/streams",
    settings: { replicas: 2, drain: { timeoutSeconds: budgetSeconds } },
  });
  await bed.must(0, "up", "--detach");
  using clients = new StreamClients({ port: bed.port, each: streamsEach, again: true });
  await until(() => clients.on("1") === 2 * streamsEach, "all streams are open");
  const { seconds } = await bed.must(0, "release", "--set", "config.ROUND=1");
  await until(() => clients.on("2") === 2 * streamsEach, "all are on the new revision", 60_000);
  const broken = clients.ends.filter((end) => end.fault !== null);
  const { last } = spreadOf(clients.ends, windowMs);
  return {
    text:
      `deploy with ${streamsEach} SSE and ${streamsEach} WebSockets: the command returned after ${seconds.toFixed(1)} s, ` +
      `${clients.ends.length} streams ended over ${last.toFixed(1)} s, ${broken.length} not at a boundary`,
    faults: [
      ...broken.map((end) => `${end.kind}: ${end.fault}`),
      ...(last > 1 ? [] : ["the streams ended all at once"]),
    ],
  };
}

/** From when the release began to the last answer of the old revision, by the app's own word. */
async function switchTimes(): Promise<readonly number[]> {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas: 1 } });
  await bed.must(0, "up", "--detach");
  const lastAnswer = new Map<string, number>();
  const looking = new AbortController();
  const look = (async () => {
    while (!looking.signal.aborted) {
      const { revision } = await bed.ask();
      lastAnswer.set(revision, Date.now());
      await after(5);
    }
  })();
  for (let n = 1; n <= releases; n += 1) {
    await bed.must(0, "release", "--set", `config.GREETING=${n}`, "--wait");
  }
  looking.abort();
  await look;
  const rows = (await bed.history()).slice(1);
  return rows.map((row) => (lastAnswer.get(String(row.from)) ?? 0) - row.startedAt);
}
