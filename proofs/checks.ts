import { setTimeout as after } from "node:timers/promises";
import { until } from "../test/bed/app-bed.ts";
import { type Asked, CheckedApp, type ProbeWay } from "../test/bed/checked-app.ts";
import {
  connectionsTo,
  missingServers,
  type OwnServer,
  ownPostgres,
  ownRedis,
} from "../test/bed/own-server.ts";
import type { Finding, Proof } from "./proof.ts";

const looksMs = 3000;
const downMs = 8000;
/** So that who leaves a connection behind at each question has left all that its pool may have. */
const hungMs = 30_000;
const poolMax = 10;
/** What waits for nothing is answered in any case; how quickly depends on what else the machine does. */
const kitWay: ProbeWay = { everyMs: 50, timeoutMs: 10_000 };
/** A kubelet waits 1 s. Between two questions its connections are idle. */
const naiveWay: ProbeWay = { everyMs: 500, timeoutMs: 1000 };
const naiveFlapWay: ProbeWay = { ...naiveWay, everyMs: 50 };

const ownFaults = ["hang", "throw", "reject", "false", "flap"] as const;
const serverFaults = ["stopped", "killed", "hung"] as const;

/** A `/ready` and the naive one beside it under one fault. */
interface OwnRow {
  readonly fault: string;
  readonly kit: Asked;
  readonly naive: Asked;
  readonly said: string;
  readonly faults: readonly string[];
}

interface ServerRow {
  readonly server: string;
  readonly fault: string;
  readonly namedSeconds: number;
  readonly readySeconds: number;
  readonly live: Asked;
  readonly ready: Asked;
  /** Connections of the process to the server: before, most while it was down, and after. */
  readonly connections: readonly [number, number, number];
  /** Most that the naive process had. */
  readonly naiveConnections: number;
  readonly naive: string;
  readonly faults: readonly string[];
}

/** Checks that misbehave, and servers that go and come back, under a service of the kit and a naive one. */
export const proof: Proof = {
  title:
    "checks that hang, throw or flap, a real Redis and Postgres stopped, killed and hung: /ready answers and names them, liveness stays",
  seconds: 160,
  async run(): Promise<Finding> {
    const missing = missingServers();
    if (missing !== null) return { figure: missing, ok: false };
    const own = await underOwnFaults();
    const servers = await underServerFaults();
    const faults = [...own.flatMap((row) => row.faults), ...servers.flatMap((row) => row.faults)];
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return { figure: figureOf(own, servers), ok: faults.length === 0 };
  },
};

async function underOwnFaults(): Promise<readonly OwnRow[]> {
  await using kit = await CheckedApp.start({});
  await using naive = await CheckedApp.start({ NAIVE: "1" });
  const rows: OwnRow[] = [];
  for (const fault of ownFaults) {
    await until(async () => (await kit.ready()).code === 200, `ready before ${fault}`);
    await Promise.all([kit.fault(fault), naive.fault(fault)]);
    const row = await underOwnFault(fault, kit, naive);
    rows.push(row);
    console.log(
      `check that is to ${fault}: kit /ready ${shown(row.kit)} ${row.said}; naive ${shown(row.naive)}`,
    );
    await Promise.all([kit.fault("none"), naive.fault("none")]);
  }
  return rows;
}

async function underOwnFault(
  fault: (typeof ownFaults)[number],
  kit: CheckedApp,
  naive: CheckedApp,
): Promise<OwnRow> {
  const flaps = fault === "flap";
  const isSeen = async () => {
    const { code, body } = await kit.ready();
    if (!flaps) return code === 503 && body.failing.join() === "own";
    return code === 200 && body.checks["own"]?.failures === 1;
  };
  await until(isSeen, `/ready tells of ${fault}`);
  const over = AbortSignal.timeout(looksMs);
  const [kitAsked, naiveAsked] = await Promise.all([
    kit.probe("/ready", over, kitWay),
    naive.probe("/ready", over, naiveFlapWay),
  ]);
  const { body } = await kit.ready();
  const wanted = flaps ? "200" : "503";
  const kinds = Object.keys(naiveAsked.answers);
  const naiveBroke = fault === "hang" ? kinds.includes("timed out") : kinds.includes("503");
  return {
    fault,
    kit: kitAsked,
    naive: naiveAsked,
    said: flaps ? "while it wavers" : `naming own: ${body.checks["own"]?.error}`,
    faults: [
      ...(Object.keys(kitAsked.answers).join() === wanted ? [] : [`${fault}: not only ${wanted}`]),
      ...(naiveBroke && (!flaps || kinds.length === 2)
        ? []
        : [`${fault}: the naive one was right, too`]),
    ],
  };
}

async function underServerFaults(): Promise<readonly ServerRow[]> {
  await using redis = await ownRedis();
  await using postgres = await ownPostgres();
  const env = { REDIS_PORT: String(redis.port), POSTGRES_PORT: String(postgres.port) };
  await using kit = await CheckedApp.start(env);
  const rows: ServerRow[] = [];
  for (const [name, server] of Object.entries({ redis, postgres })) {
    for (const fault of serverFaults) {
      const row = await underServerFault({ name, server, fault, kit, env });
      rows.push(row);
      console.log(lineOf(row));
    }
  }
  return rows;
}

interface Scene {
  readonly name: string;
  readonly server: OwnServer;
  readonly fault: (typeof serverFaults)[number];
  readonly kit: CheckedApp;
  readonly env: Readonly<Record<string, string>>;
}

const namesOf: Readonly<Record<string, string>> = {
  redis: "ioredis,node-redis",
  postgres: "pg,postgres.js",
};

async function underServerFault(scene: Scene): Promise<ServerRow> {
  const { name, server, fault, kit, env } = scene;
  await until(async () => (await kit.ready()).code === 200, `ready before ${name} is ${fault}`);
  await using naive = await CheckedApp.start({ ...env, NAIVE: "1" });
  const count = () => connectionsTo(server.port, kit.pid);
  const before = count();
  const over = new AbortController();
  const probes = [
    kit.probe("/health", over.signal, kitWay),
    kit.probe("/ready", over.signal, kitWay),
  ] as const;
  const naiveProbe = naive.probe("/ready", over.signal, naiveWay);
  await after(2 * naiveWay.everyMs);
  const began = performance.now();
  await breakIt(scene);
  const isNamed = async () => (await kit.ready()).body.failing.join() === namesOf[name];
  await until(isNamed, `/ready names ${namesOf[name]}`);
  const namedAt = performance.now();
  let most = 0;
  let naiveConnections = 0;
  while (performance.now() < began + (fault === "hung" ? hungMs : downMs)) {
    most = Math.max(most, count());
    naiveConnections = Math.max(naiveConnections, connectionsTo(server.port, naive.pid));
    await after(100);
  }
  const stillNamed = await isNamed();
  const mended = performance.now();
  if (fault === "hung") server.goOn();
  else await server.startAgain();
  await until(async () => (await kit.ready()).code === 200, `ready after ${name} came back`);
  const readyAt = performance.now();
  over.abort();
  const [live, ready] = await Promise.all(probes);
  const naiveAsked = await naiveProbe;
  const afterwards = count();
  const row = {
    server: name,
    fault,
    namedSeconds: (namedAt - began) / 1000,
    readySeconds: (readyAt - mended) / 1000,
    live,
    ready,
    connections: [before, most, afterwards] as const,
    naiveConnections,
    naive: naive.isAlive ? shown(naiveAsked) : "the process died of it",
  };
  return { ...row, faults: faultsOf(row, { stillNamed, kit, naive, naiveAsked }) };
}

async function breakIt({ server, fault, name }: Scene): Promise<void> {
  if (fault === "hung") return server.hang();
  // To Postgres SIGTERM says: when the last client has left. SIGINT is what init systems send it.
  const orderly = name === "postgres" ? "SIGINT" : "SIGTERM";
  await server.stop(fault === "killed" ? "SIGKILL" : orderly);
}

function faultsOf(
  row: Omit<ServerRow, "faults">,
  seen: { stillNamed: boolean; kit: CheckedApp; naive: CheckedApp; naiveAsked: Asked },
): readonly string[] {
  const where = `${row.server} ${row.fault}`;
  const [, most, afterwards] = row.connections;
  // What is gone refuses at once: only where nothing says so the naive question has no end.
  const naiveBroke = row.fault !== "hung" || seen.naiveAsked.answers["timed out"] !== undefined;
  const isPostgres = row.server === "postgres";
  // Of two pools, which may have twice as many; Redis has its two clients.
  const allowed = isPostgres ? poolMax : 2;
  const naiveLeaks = !isPostgres || row.fault !== "hung" || row.naiveConnections === poolMax;
  const wrong: readonly (readonly [boolean, string])[] = [
    [!seen.stillNamed, "/ready forgot what is missing"],
    [Object.keys(row.live.answers).join() !== "200", "liveness did not stay 200"],
    [Object.keys(row.ready.answers).join() !== "200,503", "/ready was not answered each time"],
    [!seen.kit.isAlive, "the process died"],
    [Math.max(most, afterwards) > allowed, "connections leak"],
    [!naiveBroke, "the naive one answered, too"],
    [!naiveLeaks, "the naive one left no connections behind"],
  ];
  return wrong.filter(([is]) => is).map(([, what]) => `${where}: ${what}`);
}

function lineOf(row: ServerRow): string {
  const [before, most, afterwards] = row.connections;
  return (
    `${row.server} ${row.fault}: named after ${row.namedSeconds.toFixed(1)} s, ready ${row.readySeconds.toFixed(1)} s ` +
    `after it came back, /ready ${shown(row.ready)}, /health ${shown(row.live)}, ` +
    `connections ${before}, at most ${most}, ${afterwards}; naive: ${row.naive}, connections ${row.naiveConnections}`
  );
}

function shown({ answers, slowestMs }: Asked): string {
  const counts = Object.entries(answers).map(([answer, count]) => `${answer} x${count}`);
  return `${counts.join(" ")} (at most ${slowestMs} ms)`;
}

function figureOf(own: readonly OwnRow[], servers: readonly ServerRow[]): string {
  const slowest = Math.max(
    ...own.map(({ kit }) => kit.slowestMs),
    ...servers.map(({ ready }) => ready.slowestMs),
  );
  const lived = servers.reduce((sum, { live }) => sum + (live.answers["200"] ?? 0), 0);
  const asked = servers.flatMap(({ live }) => Object.values(live.answers));
  const range = (values: readonly number[]) =>
    `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)} s`;
  const died = servers.filter(({ naive }) => naive.includes("died")).length;
  const leaked = servers.find(({ server, fault }) => server === "postgres" && fault === "hung");
  return (
    `${own.length} kinds of misbehaving checks and ${servers.length} faults of real servers: /ready answered within ${slowest} ms; ` +
    `a missing server named after ${range(servers.map((row) => row.namedSeconds))}, ready again ` +
    `${range(servers.map((row) => row.readySeconds))} after it came back, same process; ` +
    `liveness 200 for ${lived} of ${asked.reduce((sum, count) => sum + count, 0)}; ` +
    `at a hung Postgres ${leaked?.connections[1]} connections of 2 pools of ${poolMax}; ` +
    `naive: hung, flipped, died in ${died} of ${servers.length}, and there ${leaked?.naiveConnections} of 1 pool`
  );
}
