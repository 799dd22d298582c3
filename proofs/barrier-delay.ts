import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import type { Why } from "@hitless/core";
import { type ControlReport, startLoad } from "@hitless/load";
import { AppBed, isRunning, until } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import { ControlRelay, type Held } from "../test/bed/control-relay.ts";
import { type HeldBarrier, watchHeld } from "../test/bed/held-barrier.ts";
import { type LoadTally, sumOf, tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { proxyOf } from "../test/bed/proxy-of.ts";
import { portsOf } from "../test/bed/replica-ports.ts";
import { faultsOf } from "../test/bed/stands-on.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 200;
const replicas = 2;
/** What a far end is late by itself, beyond the time that it is watched. */
const spareMs = 6000;
/** Longer than any release here takes once nobody holds it. */
const releaseMs = 120_000;

interface Stage {
  readonly bed: AppBed;
  readonly client: ControllerClient;
  readonly relay: ControlRelay;
  /** Process id of the proxy's holder. */
  readonly holder: number;
  readonly heldMs: number;
  /** Requests whose answers come when their time is up. */
  readonly slow: SlowRequest[];
}

interface SlowRequest {
  /** The status; null when it was given up or broke. */
  readonly status: Promise<number | null>;
  giveUp(): void;
}

/** One barrier, whose far end is held in a release. */
interface Scene {
  readonly name: string;
  /** What the release is asked for, beside a greeting of its own. */
  readonly asks?: (heldMs: number) => readonly string[];
  /** Before the release is asked for. */
  readonly prepare?: (stage: Stage) => Promise<unknown>;
  /** Resolves when the release has come to the barrier, its far end held. */
  readonly reached: (stage: Stage) => Promise<unknown>;
  readonly named: HeldBarrier["named"];
  readonly stands: HeldBarrier["stands"];
  /** Returns what else is wrong, in words. */
  readonly letGo: (stage: Stage) => Promise<readonly string[]>;
}

/** Requests of the controller to its proxy are kept on the way: nothing of them is in force. */
function relayed(holds: () => Held): Pick<Scene, "prepare" | "reached" | "letGo"> {
  return {
    prepare: async ({ relay }) => relay.hold(holds()),
    reached: ({ relay }) => relay.untilKept(),
    letGo: async ({ relay }) => {
      relay.letGo();
      return [];
    },
  };
}

/** Whatever an earlier scene has asked for. */
const startsAtOnce = () => ["--set", "config.START_DELAY_MS=0"];
const states = ({ replicas }: StatusReport) => replicas.map(({ id, state }) => `${id} ${state}`);
const routeInForce = ({ route }: StatusReport) => route.inForce;

const scenes: readonly Scene[] = [
  {
    name: "route",
    ...relayed(() => (change) => change?.rule === true),
    named: ({ why, route }) =>
      why.kind === "routeBarrier" &&
      why.generation === route.generation &&
      why.lagging.some((each) => each.startsWith("worker ")),
    // What was ordered before may get ready meanwhile, and must not be routed to.
    stands: (status) => [
      routeInForce(status),
      status.replicas.map(({ id, routed }) => [id, routed]),
    ],
  },
  {
    name: "admission",
    ...relayed(() => (change) => change?.rule === false && change.added.length > 0),
    named: ({ why }) =>
      why.kind === "starting" && why.slowest?.routed === true && why.slowest.lastProbe?.ok === true,
    stands: states,
  },
  {
    name: "withdrawal",
    ...relayed(() => (change) => change !== null && change.removed.length > 0),
    named: ({ why, replicas }) =>
      why.kind === "unrouting" &&
      why.replicas.every((id) => replicas.some((r) => r.id === id && r.routed)),
    stands: states,
  },
  {
    name: "counts",
    ...relayed(withdrawnOnce),
    // The next step does not wait for exits, only the last one does.
    reached: ({ client }) => untilWhy(client, isUncounted),
    named: ({ why }) => isUncounted(why),
    stands: states,
  },
  {
    name: "requests",
    prepare: async (stage) => askSlowly(stage, stage.bed.url),
    reached: ({ client }) => untilWhy(client, (why) => why.kind === "stopping"),
    named: ({ why }) => namesStopping(why, (inFlight) => (inFlight ?? 0) > 0),
    stands: (status) => [states(status), allLive(status)],
    letGo: answeredSlowly,
  },
  {
    name: "readiness",
    asks: (heldMs) => ["--set", `config.START_DELAY_MS=${heldMs + spareMs}`],
    reached: ({ client }) => untilWhy(client, isNotReady),
    named: ({ why }) => isNotReady(why),
    stands: states,
    letGo: async () => [],
  },
  {
    name: "holder",
    asks: startsAtOnce,
    // No sooner: one that does not answer for 30 s is ended.
    reached: async ({ client, holder }) => {
      await until(async () => (await client.status()).release !== null, "it has begun", releaseMs);
      process.kill(holder, "SIGSTOP");
      // What was on its way then comes to its end.
      await after(1000);
      await untilWhy(client, waitsForProxy);
    },
    named: ({ why }) => waitsForProxy(why),
    stands: (status) => [routeInForce(status), states(status).length],
    letGo: async ({ holder }) => {
      process.kill(holder, "SIGCONT");
      return [];
    },
  },
  {
    name: "exit",
    asks: startsAtOnce,
    // Past the proxy: they drain at once, and their processes end when these are answered.
    prepare: async (stage) => {
      for (const port of (await portsOf(stage.bed)).values()) {
        askSlowly(stage, `http://127.0.0.1:${port}`);
      }
    },
    reached: ({ client }) => untilWhy(client, (why) => why.kind === "stopping"),
    named: ({ why }) => namesStopping(why, (inFlight) => inFlight === 0),
    stands: (status) => [states(status), allLive(status)],
    letGo: async ({ slow }) => {
      for (const request of slow.splice(0)) request.giveUp();
      return [];
    },
  },
];

/** The far end of one barrier after the other answers late; the last one is the disk's. */
export const proof: Proof = {
  title: "each barrier's far end held for 10 s: the release waits, why names it, nothing is lost",
  seconds: 260,
  takes: [
    { kind: "number", name: "SECONDS", what: "how long each is held; 10", least: 1 },
    {
      kind: "names",
      name: "BARRIER",
      what: "hold these alone",
      of: scenes.map(({ name }) => name),
    },
  ],
  async run(args): Promise<Finding> {
    const heldMs = 1000 * Number(args[0] ?? 10);
    const wanted = args.slice(1);
    const chosen = scenes.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const part = await inReleases(chosen, heldMs);
    const collected = await whileCollecting(heldMs, part.control);
    const faults = [...part.faults, ...collected.faults];
    const tally = sumOf([part.tally, collected.tally]);
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    const { sent, lost, controlLost } = tally;
    const looks = part.looks + collected.looks;
    return {
      figure:
        `${chosen.length + 1} barriers held for ${heldMs / 1000} s each, ${looks} looks, ` +
        `${sent} requests, ${lost} lost (control lost ${controlLost}), ${faults.length} faults`,
      ok: tally.clean && faults.length === 0,
    };
  },
};

/** The counts are silent from the moment in which the first replica is withdrawn. */
function withdrawnOnce(): Held {
  let withdrawn = false;
  return (change) => {
    withdrawn ||= change !== null && change.removed.length > 0;
    return withdrawn && change === null;
  };
}

function isUncounted(why: Why): boolean {
  return namesStopping(why, (inFlight) => inFlight === null);
}

function isNotReady(why: Why): boolean {
  return why.kind === "starting" && why.slowest?.lastProbe?.ok === false;
}

/** For a rule, for a replica that is to be routed to, or for one that is not to be any more. */
function waitsForProxy(why: Why): boolean {
  if (why.kind === "routeBarrier") return why.lagging.length > 0;
  if (why.kind === "starting") return why.slowest?.lastProbe?.ok === true;
  return why.kind === "unrouting";
}

function namesStopping(why: Why, fits: (inFlight: number | null) => boolean): boolean {
  return why.kind === "stopping" && why.replicas.some(({ inFlight }) => fits(inFlight));
}

/** Ids of the replicas that drain and whose process runs. */
function allLive({ replicas }: StatusReport): readonly string[] {
  return replicas
    .filter((r) => r.state === "draining" && r.process !== null && isRunning(Number(r.process)))
    .map((r) => r.id);
}

async function untilWhy(client: ControllerClient, holds: (why: Why) => boolean): Promise<void> {
  await until(async () => holds((await client.status()).why), "the barrier is reached", releaseMs);
}

/** As many as may meet every replica, each longer than a release and the time it is held. */
function askSlowly({ slow, heldMs }: Stage, url: string): void {
  for (let n = 0; n < 2 * replicas; n += 1) {
    const giveUp = new AbortController();
    const asked = fetch(`${url}/slow?ms=${heldMs + 2 * spareMs}`, {
      headers: { connection: "close" },
      signal: giveUp.signal,
    });
    const status = asked.then(
      (answer) => answer.status,
      () => null,
    );
    slow.push({ status, giveUp: () => giveUp.abort() });
  }
}

async function answeredSlowly({ slow }: Stage): Promise<readonly string[]> {
  const statuses = await Promise.all(slow.splice(0).map((request) => request.status));
  return statuses.every((status) => status === 200) ? [] : [`slow requests: ${statuses}`];
}

interface Part {
  readonly tally: LoadTally;
  readonly looks: number;
  readonly faults: readonly string[];
}

async function inReleases(
  chosen: readonly Scene[],
  heldMs: number,
): Promise<Part & { readonly control: ControlReport }> {
  await using bed = await AppBed.make({ app: "shop/1.0", settings: { replicas } });
  const control = await naiveSwap(bed, { load: { rate } });
  await bed.must(0, "up", "--detach");
  await using relay = await ControlRelay.open(bed);
  const client = await connectTo(bed);
  const holder = (await proxyOf(bed))?.holderPid ?? 0;
  await using load = startLoad({ url: bed.url, rate });
  const seen = [];
  for (const scene of chosen) {
    seen.push(await play(scene, { bed, client, relay, holder, heldMs, slow: [] }));
  }
  await client.close();
  const tally = tallyOf(await load.stop(), control);
  const looks = seen.reduce((sum, each) => sum + each.looks, 0);
  return { control, tally, looks, faults: seen.flatMap((each) => each.faults) };
}

async function play(scene: Scene, stage: Stage): Promise<Pick<Part, "looks" | "faults">> {
  const { name, asks, prepare, reached, named, stands, letGo } = scene;
  const { bed, client, heldMs } = stage;
  await prepare?.(stage);
  const set = ["--set", `config.GREETING=${name}`, ...(asks?.(heldMs) ?? [])];
  const release = bed.start("release", ...set, "--wait");
  const reachedIt = reached(stage).then(() => true);
  if (!(await Promise.race([reachedIt, release.done.then(() => false)]))) {
    const { code, stderr } = await release.done;
    return { looks: 0, faults: [`${name}: the release ended at once, exit ${code}: ${stderr}`] };
  }
  const seen = await watchHeld(client, { name, heldMs, named, stands });
  console.log(`${name}: ${(await bed.must(0, "why")).stdout.split("\n")[0]}`);
  const wrong = await letGo(stage);
  const { code, stderr } = await release.done;
  const { stable } = await bed.status();
  const stand = { revision: stable ?? 0, version: "1.0", config: { GREETING: name }, replicas };
  const ended = code === 0 ? [] : [`exit ${code}: ${stderr}`];
  const left = await faultsOf(bed, await bed.status(), stand);
  const faults = [...wrong, ...ended, ...left].map((fault) => `${name}: ${fault}`);
  return { looks: seen.looks, faults: [...seen.faults, ...faults] };
}

/** What is removed of an old revision takes its time: the next release waits. */
async function whileCollecting(heldMs: number, control: ControlReport): Promise<Part> {
  await using bed = await AppBed.make({
    app: "shop/1.0",
    settings: { replicas, keepRevisions: 1 },
    env: { HITLESS_FAILPOINT: `artifact-discarded@1=hold:${heldMs + spareMs}` },
  });
  await bed.must(0, "up", "--detach");
  const client = await connectTo(bed);
  await using load = startLoad({ url: bed.url, rate });
  await bed.must(0, "release", "--set", "config.GREETING=second", "--wait");
  await untilWhy(client, (why) => why.kind === "collecting");
  const next = bed.start("release", "--set", "config.GREETING=third", "--wait");
  const seen = await watchHeld(client, {
    name: "collect",
    heldMs,
    named: ({ why }) => why.kind === "collecting" && why.revision === 1,
    stands: ({ stable, replicas }) => [stable, replicas.map(({ id, state }) => [id, state])],
  });
  console.log(`collect: ${(await bed.must(0, "why")).stdout.split("\n")[0]}`);
  const { code, stderr } = await next.done;
  await client.close();
  const kept = await readdir(join(bed.dir, ".hitless", "revisions"));
  const stand = { revision: 3, version: "1.0", config: { GREETING: "third" }, replicas };
  const faults = [
    ...seen.faults,
    ...(code === 0 ? [] : [`collect: exit ${code}: ${stderr}`]),
    ...(await faultsOf(bed, await bed.status(), stand)).map((fault) => `collect: ${fault}`),
    ...(kept.some((file) => file.startsWith("1.")) ? [`collect: kept ${kept}`] : []),
  ];
  return { tally: tallyOf(await load.stop(), control), looks: seen.looks, faults };
}
