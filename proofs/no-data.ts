import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import type { ControllerClient, StatusReport } from "@hitless/controller";
import { startLoad } from "@hitless/load";
import { FileStore, locateState } from "@hitless/local";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import { tallyOf } from "../test/bed/load-tally.ts";
import { naiveSwap } from "../test/bed/naive-swap.ts";
import { type Exported, OrdersExporter } from "../test/bed/orders-exporter.ts";
import { missingPrometheus, OwnPrometheus } from "../test/bed/own-prometheus.ts";
import type { Finding, Proof } from "./proof.ts";

const rate = 200;
const weight = 20;
const analysisMs = 8_000;
const timeoutMs = 2_000;
/** A measurement that was under way, the next one, and what `why` needs to hear of it. */
const settleMs = 3_500;
/** Watched for so long after that, and until the analysis has had its time and half of it again. */
const heldMs = analysisMs * 1.5;
const lookEveryMs = 500;
const asksEachLook = 20;
/** Of 400 answers at 20 %, a share that chance brings once in a million times. */
const strayed = 0.1;

const orders = 'shop_orders_total{revision="{{revision}}"';
const queries = {
  orders: `sum(increase(${orders},result="failed"}[2m])) / sum(increase(${orders}}[2m]))`,
  queue: 'max(shop_queue_seconds{revision="{{revision}}"})',
};

interface Stage {
  readonly bed: AppBed;
  readonly client: ControllerClient;
  readonly exporter: OrdersExporter;
  readonly prometheus: OwnPrometheus;
}

/** A way to have no data. */
interface Scene {
  readonly name: string;
  /** What `why` must say. */
  readonly says: RegExp;
  /** What is exported of the new revision from the beginning. */
  readonly exported?: Exported;
  /** While its metrics are good and the analysis has not had its time. Returns what brings them back. */
  readonly takeAway?: (stage: Stage) => Promise<() => Promise<unknown>>;
  /** Prometheus itself goes on giving a number for this: who asks for no more takes it for good. */
  readonly misleading?: keyof typeof queries;
}

const scenes: readonly Scene[] = [
  { name: "never exported", exported: "nothing", says: /empty result/u },
  { name: "0/0", exported: "still", says: /the result is NaN/u },
  {
    name: "samples of 200 s ago",
    exported: "old",
    says: /the newest sample of shop_queue_seconds is 2\d\d s old/u,
    misleading: "queue",
  },
  {
    name: "the target gone, its window full",
    says: /shop_orders_total has a sample in its window, but none now|empty result/u,
    takeAway: async ({ exporter }) => {
      await exporter.down();
      return () => exporter.up();
    },
    misleading: "orders",
  },
  {
    name: "Prometheus killed",
    says: /connection refused by 127\.0\.0\.1/u,
    takeAway: async ({ prometheus }) => {
      await prometheus.kill();
      return () => prometheus.startAgain();
    },
  },
  {
    name: "Prometheus hung",
    says: /no answer within 2 s/u,
    takeAway: async ({ prometheus }) => {
      prometheus.hang();
      return async () => prometheus.goOn();
    },
  },
  {
    name: "bytes that are no HTTP at its address",
    says: /no HTTP from 127\.0\.0\.1/u,
    takeAway: (stage) => talkInstead(stage, "220 mail.example ESMTP\r\n"),
  },
  {
    name: "another web server at its address",
    says: /HTTP 200 from 127\.0\.0\.1:\d+, not as Prometheus answers/u,
    takeAway: (stage) => talkInstead(stage, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>0"),
  },
];

/** A real Prometheus, stopped, hung and replaced; an app whose metrics go missing, old and void. */
export const proof: Proof = {
  title:
    "metrics missing, stale, NaN or empty, Prometheus down, slow or talking rubbish: the release holds, why says so, and it goes on when data are back",
  seconds: 190,
  async run(): Promise<Finding> {
    const missing = missingPrometheus();
    if (missing !== null) return { figure: `nothing was shown: ${missing}`, ok: false };
    await using exporter = await OrdersExporter.start();
    // Before their time, so that windows of two minutes hold nothing else of them.
    for (const [index, { exported }] of scenes.entries()) {
      if (exported !== undefined) exporter.export(revisionOf(index), exported);
    }
    await using prometheus = await OwnPrometheus.start({ jobs: { shop: exporter.port } });
    await using bed = await AppBed.make({ app: "shop/1.0", settings: settingsAt(prometheus.url) });
    const control = await naiveSwap(bed, { load: { rate } });
    await bed.must(0, "up", "--detach");
    const client = await connectTo(bed);
    const stage = { bed, client, exporter, prometheus };
    const faults = [...(await faultsOfPlan(stage))];
    await using load = startLoad({ url: bed.url, rate, firstPhase: "no release" });
    const shares: number[] = [];
    for (const [index, scene] of scenes.entries()) {
      load.phase(scene.name);
      const found = await play(stage, scene, revisionOf(index));
      shares.push(found.share);
      const percent = Math.round(found.share * 100);
      console.log(
        `${scene.name}: held through ${found.looks} looks with ${percent} % on the canary; "${found.said}"; ${found.faults.length} faults`,
      );
      faults.push(...found.faults.map((fault) => `${scene.name}: ${fault}`));
    }
    const tally = tallyOf(await load.stop(), control);
    await client.close();
    for (const fault of faults) console.log(`FAULT ${fault}`);
    if (!tally.clean) console.log(tally.complaint);
    const [lowest, highest] = [Math.min(...shares), Math.max(...shares)].map(
      (share) => `${Math.round(share * 100)} %`,
    );
    return {
      figure:
        `${scenes.length} ways to have no data: ${faults.length} faults; held each time with ${lowest} to ${highest} of the answers from the canary (weight ${weight}), ` +
        `and on when there was data again; ${tally.lost} of ${tally.sent} requests lost; control lost ${tally.controlLost}`,
      ok: faults.length === 0 && tally.clean,
    };
  },
};

/** The first release made revision 1. */
function revisionOf(scene: number): number {
  return scene + 2;
}

function settingsAt(url: string) {
  const common = { url, interval: "1s", timeout: `${timeoutMs}ms` };
  return {
    replicas: 2,
    strategy: {
      canary: { steps: [{ weight }, { analysis: `${analysisMs}ms` }], bake: "0s" },
    },
    analysis: [
      { name: "orders", prometheus: queries.orders, below: 0.01, ...common },
      { name: "queue", prometheus: queries.queue, below: 5, ...common },
    ],
  };
}

interface Played {
  readonly looks: number;
  /** Of the answers while it was held, those of the canary. */
  readonly share: number;
  /** What `why` said at the end. */
  readonly said: string;
  readonly faults: readonly string[];
}

/** One release, held by what the scene takes away. */
async function play(stage: Stage, scene: Scene, revision: number): Promise<Played> {
  const { bed, client, exporter } = stage;
  await bed.must(0, "release", "--set", `config.GREETING=${JSON.stringify(scene.name)}`);
  await until(async () => isHeld(await client.status()), "the canary is watched", 60_000);
  let bringBack: () => Promise<unknown> = async () => exporter.export(revision, "counting");
  if (scene.takeAway !== undefined) {
    await until(() => isGood(stage), "its metrics are good");
    bringBack = await scene.takeAway(stage);
  }
  await after(settleMs);
  const held = await watch(stage, scene, revision);
  const misled = await misleading(stage, scene, revision);
  await bringBack();
  const isOver = async () => (await client.status()).release === null;
  await until(isOver, "it goes on with data", 90_000);
  const row = (await bed.history()).at(-1);
  const ended = row?.outcome === "succeeded" && row.to === revision;
  return {
    ...held,
    faults: [
      ...held.faults,
      ...misled,
      ...(ended ? [] : [`afterwards it ${row?.outcome} with revision ${row?.to}`]),
    ],
  };
}

/** At its step, which nothing but its metrics keeps it at. */
function isHeld({ why }: StatusReport): boolean {
  return why.kind === "held" || why.kind === "holdUndecided";
}

async function isGood({ bed }: Stage): Promise<boolean> {
  const app = await new FileStore(await locateState(bed.dir)).load();
  const states = Object.values(app?.release?.analysis ?? {});
  return states.length > 0 && states.every(({ verdict }) => verdict === "successful");
}

async function watch({ bed, client }: Stage, { says }: Scene, revision: number): Promise<Played> {
  const faults = new Set<string>();
  const first = (await client.status()).release;
  const began = performance.now();
  const answers = { canary: 0, all: 0 };
  let looks = 0;
  while (performance.now() - began < heldMs) {
    const { release, why } = await client.status();
    looks += 1;
    if (release === null || release.to !== revision) faults.add("it is over");
    else if (release.direction !== "forward") faults.add("it turned back");
    else if (release.cursor !== first?.cursor) faults.add("it went on");
    const said = "detail" in why ? why.detail : why.kind;
    if (!says.test(said)) faults.add(`why says ${JSON.stringify(said)}`);
    const asked = await Promise.all(Array.from({ length: asksEachLook }, () => bed.ask()));
    answers.all += asked.length;
    answers.canary += asked.filter((answer) => answer.revision === String(revision)).length;
    await after(lookEveryMs);
  }
  const share = answers.canary / answers.all;
  if (Math.abs(share - weight / 100) > strayed) {
    faults.add(`${answers.canary} of ${answers.all} answers were the canary's`);
  }
  let told = "";
  const isTold = async () => {
    told = (await bed.must(0, "why")).stdout.split("\n")[0] ?? "";
    return says.test(told);
  };
  await until(isTold, "hitless why says it").catch(() => faults.add(`hitless why says ${told}`));
  return { looks, share, said: told.replace(/^now: /u, ""), faults: [...faults] };
}

/** Whether there was something to be misled by. */
async function misleading({ prometheus }: Stage, scene: Scene, revision: number) {
  if (scene.misleading === undefined) return [];
  const query = queries[scene.misleading].replaceAll("{{revision}}", String(revision));
  const values = await prometheus.values(query);
  return Number(values[0]) < 0.01 || values[0] === "0.1"
    ? []
    : [`Prometheus gave ${values}, which misleads nobody`];
}

/** Another one at Prometheus' address says the same to everybody. */
async function talkInstead({ prometheus }: Stage, text: string): Promise<() => Promise<unknown>> {
  await prometheus.kill();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.resume().end(text);
  });
  server.listen(Number(new URL(prometheus.url).port), "127.0.0.1");
  await once(server, "listening");
  return async () => {
    server.close();
    await once(server, "close");
    await prometheus.startAgain();
  };
}

/** What `plan` says of a query that Prometheus refuses, and of a Prometheus that is not there. */
async function faultsOfPlan({ bed, prometheus }: Stage): Promise<readonly string[]> {
  const good = settingsAt(prometheus.url);
  const broken = [{ prometheus: "sum(rate(x[1m])", url: prometheus.url, below: 1 }];
  await bed.edit({ analysis: broken });
  const refused = await bed.run("plan");
  const said =
    /hitless\.yaml:\d+:\d+: metric prometheus: Prometheus refuses the query: .*parse error/u;
  await bed.edit({
    analysis: good.analysis.map((metric) => ({ ...metric, url: "http://127.0.0.1:9" })),
  });
  const away = await bed.run("plan");
  await bed.edit(good);
  console.log(refused.stderr.trim());
  return [
    ...(refused.code === 2 && said.test(refused.stderr)
      ? []
      : [`plan ended with ${refused.code}: ${refused.stderr}`]),
    ...(away.code === 0 && /warning: metric orders: connection refused/u.test(away.stdout)
      ? []
      : [`plan without Prometheus ended with ${away.code}: ${away.stdout}`]),
  ];
}
