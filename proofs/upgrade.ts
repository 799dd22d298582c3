import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { type Cause, causes, type LoadReport, medianOf, startLoad } from "@hitless/load";
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
/** Of the client: a second's worth of requests, so that a machine that stands still makes answers slow, not lost. */
const leastConnections = 2_000;
/** Each proxy is under load so long before it is renewed first, and from one renewal to the next, ms. */
const periodMs = 4_000;
/** The proxies take turns, so that all of them meet the same moments of the machine. */
const turns = 4;
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
    const killed = new Contender(await killedHitless(seat("control")), rate);
    await killed.turn(Math.min(controlKills, renewals));
    await killed.proxy.stop();
    const contenders = [new Contender(await renewedHitless(seat("hitless")), rate)];
    for (const name of rivals) {
      const missing = missingRival(name);
      if (missing !== null) console.log(`left out: ${missing}`);
      else contenders.push(new Contender(await renewedRival(name, seat(name)), rate));
    }
    for (const times of shared(renewals, turns)) {
      for (const contender of contenders) await contender.turn(times);
    }
    for (const { proxy } of contenders) await proxy.stop();
    const rows = [killed, ...contenders];
    for (const line of tableOf(rows)) console.log(line);
    for (const row of rows) console.log(`${row.proxy.name}: ${row.examples}`);
    return findingOf(rows, { renewals, rate });
  },
};

/** So many, over at most so many turns. */
function shared(renewals: number, most: number): readonly number[] {
  const count = Math.min(most, renewals);
  const before = (turn: number) => Math.floor((turn * renewals) / count);
  return Array.from({ length: count }, (_, turn) => before(turn + 1) - before(turn));
}

interface Plan {
  readonly renewals: number;
  readonly rate: number;
}

/** What clients saw of one proxy. */
class Contender {
  readonly proxy: RenewedProxy;
  renewals = 0;
  /** New processes, over all renewals. */
  renewed = 0;
  /** Streams that ended otherwise than at a boundary with the right words, and attempts that failed. */
  readonly brokenStreams: string[] = [];
  /** Of each turn. */
  private readonly reports: LoadReport["total"][] = [];
  private readonly rate: number;

  constructor(proxy: RenewedProxy, rate: number) {
    this.proxy = proxy;
    this.rate = rate;
  }

  get sent(): number {
    return this.sum(({ sent }) => sent);
  }

  get lost(): number {
    return this.sum(({ lost }) => lost);
  }

  get answeredPerSecond(): number {
    return Math.round(this.sum(({ answered }) => answered) / this.sum(({ seconds }) => seconds));
  }

  /** Of the turn in the middle. */
  get p99Ms(): number {
    return Math.round(medianOf(this.reports.map(({ latencyMs }) => latencyMs.p99 ?? 0)));
  }

  /** How far the client itself was behind at worst. */
  get clientLagMs(): number {
    return Math.round(Math.max(...this.reports.map(({ clientLagMs }) => clientLagMs)));
  }

  /** `12 reset, 3 late`. */
  get byCause(): string {
    const counts = causes.map((cause) => ({ cause, count: this.lostBy(cause) }));
    const named = counts.filter(({ count }) => count > 0);
    return named.map(({ cause, count }) => `${count} ${cause}`).join(", ");
  }

  get examples(): string {
    const lost = this.reports
      .flatMap(({ examples }) => examples)
      .slice(0, 2)
      .map(({ kind, cause, detail }) => `${kind} ${cause} (${detail})`);
    const examples = [...new Set([...lost, ...this.brokenStreams.slice(0, 2)])];
    return examples.length === 0 ? "nothing lost" : `lost, for example: ${examples.join("; ")}`;
  }

  lostBy(cause: Cause): number {
    return this.sum(({ lostByCause }) => lostByCause[cause]);
  }

  /** Under load, renewed so many times. */
  async turn(renewals: number): Promise<void> {
    const { name, port } = this.proxy;
    using streams = new StreamClients({ port, each: streamsEach, again: true });
    await using load = startLoad({
      ...{ url: `http://127.0.0.1:${port}`, rate: this.rate, mix },
      maxConnections: Math.max(leastConnections, this.rate),
    });
    await after(periodMs);
    let renewed = 0;
    for (let n = 0; n < renewals; n += 1) {
      const [more] = await Promise.all([this.proxy.renew(), after(periodMs)]);
      renewed += more;
    }
    const { total } = await load.stop();
    const faults = streams.ends.flatMap(({ kind, fault }) =>
      fault === null ? [] : [`${kind} ${fault}`],
    );
    this.brokenStreams.push(...faults, ...streams.refused);
    this.reports.push(total);
    this.renewals += renewals;
    this.renewed += renewed;
    const { sent, lost } = total;
    console.log(`${name}: ${renewals} times, ${renewed} new processes, ${lost} of ${sent} lost`);
  }

  private sum(of: (report: LoadReport["total"]) => number): number {
    return this.reports.reduce((sum, report) => sum + of(report), 0);
  }
}

function tableOf(rows: readonly Contender[]): readonly string[] {
  const heads = ["", "renewed", "requests", "answered/s", "lost", "p99 ms", "client lag ms"];
  const ends = ["streams broken", "lost by cause"];
  const cells = rows.map((row) => [
    row.proxy.name,
    ...[row.renewals, row.sent, row.answeredPerSecond, row.lost, row.p99Ms, row.clientLagMs],
    ...[row.brokenStreams.length, row.byCause],
  ]);
  const table = [[...heads, ...ends], ...cells].map((row) => row.map(String));
  const width = (at: number) => Math.max(...table.map((row) => row[at]?.length ?? 0));
  return table.map((row) =>
    row
      .map((cell, at) =>
        at % (row.length - 1) === 0 ? cell.padEnd(width(at)) : cell.padStart(width(at)),
      )
      .join("  ")
      .trimEnd(),
  );
}

function findingOf(rows: readonly Contender[], { renewals, rate }: Plan): Finding {
  const [control, ours, ...others] = rows;
  if (control === undefined || ours === undefined) throw new Error("nothing was measured");
  const reached = ours.answeredPerSecond;
  const asked =
    reached >= nearlyAll * rate ? "" : ` (${rate} were asked for: this machine reaches no more)`;
  const text = (row: Contender) =>
    `${row.lost} of ${row.sent} requests lost, ${row.lostBy("refused")} refused, ` +
    `${row.brokenStreams.length} streams broken, p99 ${row.p99Ms} ms`;
  const processes = 2 * renewals;
  return {
    figure:
      `${renewals} upgrades (${ours.renewed} of ${processes} processes new) under ${reached} requests/s${asked}: ${text(ours)}` +
      `${others.map((row) => `; ${row.renewals} reloads of ${row.proxy.name}: ${text(row)}`).join("")}; ` +
      `control, killed and started ${control.renewals} times: ${text(control)}`,
    ok:
      ours.lost === 0 &&
      ours.brokenStreams.length === 0 &&
      ours.renewed === processes &&
      control.lost > 0 &&
      control.brokenStreams.length > 0,
  };
}
