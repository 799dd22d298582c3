import { setTimeout as after } from "node:timers/promises";
import type { RouteRule } from "@hitless/core";
import { until } from "../test/bed/app-bed.ts";
import { CountedRevision } from "../test/bed/counted-revision.ts";
import { OwnProxy } from "../test/bed/own-proxy.ts";
import { SteadyClients } from "../test/bed/steady-clients.ts";
import type { Finding, Proof } from "./proof.ts";

const shares = [0.1, 1, 5, 20, 50];
const workerCounts = [1, 4];
const requests = 100_000;
const changes = 200;
/** Two-sided, 99.9 %. */
const deviations = 3.2905;
const changeEveryMs = 50;

interface Rig {
  readonly proxy: OwnProxy;
  readonly stable: CountedRevision;
  readonly canary: CountedRevision;
}

/** The apps count who got what; what the clients saw in the answers has to be the same. */
export const proof: Proof = {
  title: `${shares.join(", ")} % over ${requests.toLocaleString("en")} requests each inside the binomial 99.9 % interval, and weight 0 gets none`,
  seconds: 240,
  takes: [
    { kind: "number", name: "REQUESTS", what: `for each share; ${requests}`, least: 1_000 },
    { kind: "number", name: "CHANGES", what: `of the weights under load; ${changes}`, least: 10 },
  ],
  async run(args): Promise<Finding> {
    const wanted = Number(args[0] ?? requests);
    const faults: string[] = [];
    const lines: string[] = [];
    for (const workers of workerCounts) {
      await using stable = await CountedRevision.start(1, 2);
      await using canary = await CountedRevision.start(2, 2);
      await using proxy = await OwnProxy.start(workers);
      const rig = { proxy, stable, canary };
      const still = await each(rig, { wanted, changing: false });
      const moving = await each(rig, { wanted, changing: true });
      const zero = await weightZero(rig, Number(args[1] ?? changes));
      const blind = await naiveShare(rig, Math.ceil(wanted / 10));
      faults.push(...still.faults, ...moving.faults, ...zero.faults, ...blind.faults);
      lines.push(
        `${workers} worker${workers === 1 ? "" : "s"}: ${still.text}; tables changed every ${changeEveryMs} ms: ${moving.text}; ` +
          `${zero.text}; control by replica: ${blind.text}`,
      );
    }
    for (const fault of faults) console.log(`FAULT ${fault}`);
    return { figure: lines.join("\n"), ok: faults.length === 0 };
  },
};

interface Part {
  readonly text: string;
  readonly faults: readonly string[];
}

/** All shares, one after the other; `changing`: a replica of each side comes and goes meanwhile. */
async function each(
  rig: Rig,
  { wanted, changing }: { readonly wanted: number; readonly changing: boolean },
): Promise<Part> {
  const texts: string[] = [];
  const faults: string[] = [];
  for (const share of shares) {
    const rule = byWeight(share);
    await rig.proxy.route(rule, everybody(rig));
    const stop = new AbortController();
    const moved = changing ? moveReplicas(rig, rule, stop.signal) : null;
    const got = await measure(rig, wanted);
    stop.abort();
    const tables = (await moved) ?? 0;
    texts.push(`${share} % → ${((100 * got.canary) / wanted).toFixed(3)} %`);
    faults.push(...got.faults);
    if (!isInside(got.canary, { wanted, share })) {
      faults.push(`${share} % of ${wanted} came to ${got.canary} (${tables} tables)`);
    }
    if (changing && tables < 2) faults.push(`${share} %: only ${tables} tables came meanwhile`);
  }
  return { text: texts.join(", "), faults };
}

/** By its replicas a canary gets what its number is, whatever was wanted: the interval must see that. */
async function naiveShare(rig: Rig, wanted: number): Promise<Part> {
  await rig.proxy.route({ kind: "byReplica", revisions: [1, 2] }, [
    ...rig.stable.upstreams,
    ...rig.canary.upstreams.slice(0, 1),
  ]);
  const got = await measure(rig, wanted);
  const seen = shares.filter((share) => !isInside(got.canary, { wanted, share }));
  const blind = seen.length === shares.length ? [] : ["the control is inside of an interval"];
  return {
    text: `${((100 * got.canary) / wanted).toFixed(1)} %, outside of all ${seen.length}`,
    faults: [...got.faults, ...blind],
  };
}

async function measure({ proxy, stable, canary }: Rig, wanted: number) {
  stable.counts.clear();
  canary.counts.clear();
  const clients = new SteadyClients(proxy.port);
  await clients.send(wanted);
  const [first, second] = [clients.answers.get("1") ?? 0, clients.answers.get("2") ?? 0];
  const faults: string[] = [];
  if (first + second !== wanted) faults.push(`answers: ${JSON.stringify([...clients.answers])}`);
  if (first !== stable.since(0) || second !== canary.since(0)) {
    faults.push(`clients saw ${first} + ${second}, apps ${stable.since(0)} + ${canary.since(0)}`);
  }
  return { canary: canary.since(0), faults };
}

async function moveReplicas(rig: Rig, rule: RouteRule, signal: AbortSignal): Promise<number> {
  let tables = 0;
  while (!signal.aborted) {
    const { stable, canary } = rig;
    const sides = tables % 2 === 0 ? [stable, canary] : [canary, stable];
    const replicas = sides.flatMap((side, n) => side.upstreams.slice(0, n + 1));
    await rig.proxy.route(rule, replicas);
    tables += 1;
    await after(changeEveryMs);
  }
  return tables;
}

/**
 * The weight of one side and then of the other is taken away under load. The path of each request says
 * how many changes had been acknowledged when it was sent; the control says so before the acknowledgement.
 */
async function weightZero(rig: Rig, wanted: number): Promise<Part> {
  const late = await withdrawals(rig, { wanted, waits: true });
  const control = await withdrawals(rig, { wanted, waits: false });
  return {
    text: `${wanted} acknowledged changes to weight 0: ${late} requests to it (control without the wait: ${control})`,
    faults: [
      ...(late === 0 ? [] : [`${late} requests reached a revision with weight 0`]),
      ...(control > 0 ? [] : ["the control saw none reach a revision with weight 0"]),
    ],
  };
}

async function withdrawals(
  rig: Rig,
  { wanted, waits }: { readonly wanted: number; readonly waits: boolean },
): Promise<number> {
  const { proxy, stable, canary } = rig;
  await proxy.route(byWeight(50), everybody(rig));
  stable.counts.clear();
  canary.counts.clear();
  const clients = new SteadyClients(proxy.port);
  const sending = clients.send(Number.MAX_SAFE_INTEGER);
  for (let n = 1; n <= wanted; n += 1) {
    const rule = byWeight(n % 2 === 0 ? 100 : 0);
    if (!waits) clients.number = n;
    await proxy.route(rule, everybody(rig));
    if (waits) clients.number = n;
    await after(5);
    clients.number = -n;
    // Those that are under way must not be met by the table that gives both sides requests.
    await until(() => !clients.owes(n), `the requests of change ${n} are answered`);
    await proxy.route(byWeight(50), everybody(rig));
  }
  clients.stop();
  await sending;
  return wrong(stable, 0) + wrong(canary, 1);
}

/** Requests whose number says that the side had weight 0: the even ones stable, the odd ones the canary. */
function wrong(side: CountedRevision, odd: number): number {
  let sum = 0;
  for (const [n, count] of side.counts) sum += n > 0 && n % 2 === odd ? count : 0;
  return sum;
}

function byWeight(canary: number): RouteRule {
  const weights = [
    { revision: 1, weight: 100 - canary },
    { revision: 2, weight: canary },
  ];
  return { kind: "byWeight", weights, sticky: null };
}

function everybody({ stable, canary }: Rig) {
  return [...stable.upstreams, ...canary.upstreams];
}

function isInside(
  count: number,
  { wanted, share }: { readonly wanted: number; readonly share: number },
): boolean {
  const p = share / 100;
  return Math.abs(count - wanted * p) <= deviations * Math.sqrt(wanted * p * (1 - p));
}
