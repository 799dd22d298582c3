import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type LoadReport, startLoad } from "@hitless/load";
import { missingRival } from "../test/bed/faulted.ts";
import { OwnFolder } from "../test/bed/own-folder.ts";
import {
  killedHitless,
  type RenewableName,
  type RenewedProxy,
  renewedHitless,
  renewedRival,
} from "../test/bed/renewed-proxies.ts";
import { StreamClients } from "../test/bed/stream-clients.ts";
import { startStreamsApp } from "../test/bed/streams-app.ts";
import type { Finding, Proof } from "./proof.ts";

/** Of all requests; most on connections that stay, some of them idle for seconds. */
const mix = { keepalive: 85, fresh: 8, post: 5, slow: 2 };
const streamsEach = 20;
/** From one renewal to the next, ms. */
const pauseMs = 2_500;
/** How often the control is killed. */
const controlKills = 2;
/** What a generator on a busy machine may fall short of the rate that it was asked for. */
const nearlyAll = 0.95;

const rivals: readonly RenewableName[] = ["nginx", "HAProxy"];

/** The proxy replaces itself under load, beside what others lose at a mere reload. */
export const proof: Proof = {
  title:
    "the proxy replaces its holder and workers under load and loses nothing; nginx and HAProxy reload beside it",
  seconds: 420,
  takes: [
    { kind: "number", name: "UPGRADES", what: "how many, and reloads of each other; 24", least: 1 },
    { kind: "number", name: "RATE", what: "requests a second; 5000", least: 1 },
  ],
  async run(args): Promise<Finding> {
    const renewals = Number(args[0] ?? 24);
    const rate = Number(args[1] ?? 5_000);
    await using folder = new OwnFolder("hitless-upgrade-");
    const { port: upstreamPort } = await startStreamsApp(folder, "");
    const seat = (name: string) => ({ folder: join(folder.path, name), upstreamPort });
    const rows: Row[] = [];
    const control = await killedHitless(seat("control"));
    rows.push(await measured(control, { renewals: Math.min(controlKills, renewals), rate }));
    rows.push(await measured(await renewedHitless(seat("hitless")), { renewals, rate }));
    for (const name of rivals) {
      const missing = missingRival(name);
      if (missing !== null) console.log(`left out: ${missing}`);
      else rows.push(await measured(await renewedRival(name, seat(name)), { renewals, rate }));
    }
    for (const line of tableOf(rows)) console.log(line);
    return findingOf(rows, { renewals, rate });
  },
};

/** What clients saw of one proxy. */
interface Row {
  readonly name: string;
  readonly renewals: number;
  /** New processes, over all renewals. */
  readonly renewed: number;
  readonly report: LoadReport["total"];
  /** Streams that ended otherwise than at a boundary with the right words, and attempts that failed. */
  readonly brokenStreams: readonly string[];
  /** Streams that were ended as they should. */
  readonly endedStreams: number;
}

interface Plan {
  readonly renewals: number;
  readonly rate: number;
}

async function measured(proxy: RenewedProxy, { renewals, rate }: Plan): Promise<Row> {
  const { name, port } = proxy;
  using streams = new StreamClients({ port, each: streamsEach, again: true });
  await using load = startLoad({ url: `http://127.0.0.1:${port}`, rate, mix });
  await after(pauseMs);
  let renewed = 0;
  for (let n = 0; n < renewals; n += 1) {
    renewed += await proxy.renew();
    await after(pauseMs);
  }
  const { total: report } = await load.stop();
  const faults = streams.ends.flatMap(({ kind, fault }) =>
    fault === null ? [] : [`${kind} ${fault}`],
  );
  const brokenStreams = [...faults, ...streams.refused];
  const endedStreams = streams.ends.length - faults.length;
  streams[Symbol.dispose]();
  await proxy.stop();
  const row = { name, renewals, renewed, report, brokenStreams, endedStreams };
  console.log(`${name}: ${renewals} times, ${renewed} new processes; ${examplesOf(row)}`);
  return row;
}

function examplesOf({ report, brokenStreams }: Row): string {
  const lost = report.examples
    .slice(0, 2)
    .map(({ kind, cause, detail }) => `${kind} ${cause} (${detail})`);
  const examples = [...new Set([...lost, ...brokenStreams.slice(0, 2)])];
  return examples.length === 0 ? "nothing lost" : `lost, for example: ${examples.join("; ")}`;
}

function rateOf({ report }: Row): number {
  return Math.round(report.answered / report.seconds);
}

function tableOf(rows: readonly Row[]): readonly string[] {
  const heads = [
    "",
    "renewed",
    "requests",
    "answered/s",
    "lost",
    "refused",
    "reset",
    "p99 ms",
    "streams broken",
  ];
  const cells = rows.map((row) => {
    const { report } = row;
    const { refused, reset } = report.lostByCause;
    return [
      row.name,
      `${row.renewals}`,
      `${report.sent}`,
      `${rateOf(row)}`,
      `${report.lost}`,
      `${refused}`,
      `${reset}`,
      `${Math.round(report.latencyMs.p99 ?? 0)}`,
      `${row.brokenStreams.length}`,
    ];
  });
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  return [heads, ...cells].map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  "),
  );
}

function findingOf(rows: readonly Row[], { renewals, rate }: Plan): Finding {
  const [control, ours, ...others] = rows;
  if (control === undefined || ours === undefined) throw new Error("nothing was measured");
  const reached = rateOf(ours);
  const asked =
    reached >= nearlyAll * rate ? "" : ` (${rate} were asked for: this machine reaches no more)`;
  const text = (row: Row) =>
    `${row.report.lost} of ${row.report.sent} requests lost, ${row.report.lostByCause.refused} refused, ` +
    `${row.brokenStreams.length} streams broken`;
  const processes = 2 * renewals;
  return {
    figure:
      `${renewals} upgrades (${ours.renewed} of ${processes} processes new) under ${reached} requests/s${asked}: ${text(ours)}` +
      `${others.map((row) => `; ${row.renewals} reloads of ${row.name}: ${text(row)}`).join("")}; ` +
      `control, killed and started ${control.renewals} times: ${text(control)}`,
    ok:
      ours.report.lost === 0 &&
      ours.brokenStreams.length === 0 &&
      ours.renewed === processes &&
      control.report.lost > 0 &&
      control.brokenStreams.length > 0,
  };
}
