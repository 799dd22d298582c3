import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppBed, freePort, repository, until } from "../test/bed/app-bed.ts";
import { missingPrometheus, OwnPrometheus } from "../test/bed/own-prometheus.ts";
import { WatchedAlerts } from "../test/bed/watched-alerts.ts";
import type { Finding, Proof } from "./proof.ts";

const replicas = 3;
/** Looks after a healthy release, five seconds of them: what does not fire by then does not come of it. */
const moreLooks = 20;

/** What a phase plays on. */
interface Stage {
  readonly bed: AppBed;
  readonly alerts: WatchedAlerts;
}

interface Phase {
  readonly name: string;
  /** The alerts that have to fire, and no other; each is resolved at its end. */
  readonly expected: readonly string[];
  play(stage: Stage): Promise<void>;
}

const phases: readonly Phase[] = [
  { name: "a healthy release, and one of config", expected: [], play: healthy },
  { name: "a release that stands still", expected: ["HitlessReleaseStuck"], play: stuck },
  { name: "a paused release", expected: ["HitlessReleaseWaitsForPerson"], play: paused },
  { name: "a replica that hangs", expected: ["HitlessDegraded"], play: degraded },
  { name: "a replica killed with orders in flight", expected: ["HitlessRequestsLost"], play: lost },
  { name: "a release that goes back by itself", expected: ["HitlessReleaseFailed"], play: failed },
  { name: "kill -9 of the controller", expected: ["HitlessDown"], play: down },
];

/** The rules of `docs/alerts` in a real Prometheus over a real app, with a second for each minute. */
export const proof: Proof = {
  title:
    "a stuck, a degraded and a rolled-back release each fire their alert in a real Prometheus, and resolve it; a healthy one fires none",
  seconds: 120,
  async run(): Promise<Finding> {
    const missing = missingPrometheus();
    if (missing !== null) return { figure: `nothing was shown: ${missing}`, ok: false };
    const port = await freePort();
    const settings = { replicas, metrics: { port }, progressDeadlineSeconds: 300 };
    await using bed = await AppBed.make({ app: "shop/1.0", settings });
    await bed.must(0, "up", "--detach");
    const rules = quickened(
      await readFile(join(repository, "docs/alerts/hitless.rules.yaml"), "utf8"),
    );
    await using prometheus = await OwnPrometheus.start({ jobs: { hitless: port }, rules });
    await using alerts = new WatchedAlerts(prometheus);
    console.log("the rules as in docs/alerts, with each minute shortened to a second");
    const faults: string[] = [];
    for (const phase of phases) {
      await phase.play({ bed, alerts });
      await alerts.resolve();
      const fired = alerts.fired();
      console.log(`${phase.name}: ${fired.join(", ") || "nothing"} fired, nothing fires any more`);
      if (fired.join() !== phase.expected.join()) {
        faults.push(`${phase.name}: ${fired.join(", ") || "nothing"} fired`);
      }
    }
    for (const fault of faults) console.log(`FAULT ${fault}`);
    const shown = phases.flatMap(({ expected }) => expected);
    return {
      figure: `${shown.length} alerts fired and were resolved (${shown.join(", ")}), healthy releases fired none, in ${alerts.looks} looks; ${faults.length} faults`,
      ok: faults.length === 0,
    };
  },
};

/** Each minute of the rules as a second: their ranges, their `for`, and their thresholds. */
function quickened(rules: string): string {
  return rules.replaceAll(/\b(\d+)m\b/gu, "$1s").replaceAll(/ \* 60\b/gu, " * 1");
}

async function healthy({ bed, alerts }: Stage): Promise<void> {
  await overwrite(bed, "1.1");
  await bed.must(0, "release", "--wait");
  await bed.must(0, "release", "--set", "config.GREETING=servus", "--wait");
  const enough = alerts.looks + moreLooks;
  await until(() => alerts.looks >= enough, "the alerts were looked at");
}

async function stuck({ bed, alerts }: Stage): Promise<void> {
  await overwrite(bed, "bad/never-ready");
  await bed.must(0, "release");
  await alerts.fires("HitlessReleaseStuck");
  await bed.must(0, "abort", "--wait");
}

/** Longer than it takes to be stuck, and that must not be said of it. */
async function paused({ bed, alerts }: Stage): Promise<void> {
  await overwrite(bed, "bad/never-ready");
  await bed.must(0, "release");
  await bed.must(0, "pause");
  await alerts.fires("HitlessReleaseWaitsForPerson");
  await bed.must(0, "abort", "--wait");
}

async function degraded({ bed, alerts }: Stage): Promise<void> {
  const pid = await someReplica(bed);
  process.kill(pid, "SIGSTOP");
  await alerts.fires("HitlessDegraded");
  process.kill(pid, "SIGCONT");
}

/** A POST that a replica has taken and not answered is not sent again. */
async function lost({ bed, alerts }: Stage): Promise<void> {
  const pid = await someReplica(bed);
  process.kill(pid, "SIGSTOP");
  const orders = Array.from({ length: 2 * replicas }, () =>
    fetch(`${bed.url}/orders`, { method: "POST", body: "one" }),
  );
  await until(async () => (await inFlight(bed)) > 0, "the replica that hangs has an order");
  process.kill(pid, "SIGKILL");
  const statuses = (await Promise.all(orders)).map(({ status }) => status);
  console.log(`  orders were answered ${statuses.join(", ")}`);
  await alerts.fires("HitlessRequestsLost");
}

async function failed({ bed, alerts }: Stage): Promise<void> {
  await overwrite(bed, "bad/crashes-at-once");
  await bed.must(3, "release", "--wait");
  await alerts.fires("HitlessReleaseFailed");
  await overwrite(bed, "1.0");
  await bed.must(0, "release", "--wait");
}

async function down({ bed, alerts }: Stage): Promise<void> {
  await bed.killController();
  await alerts.fires("HitlessDown");
  await bed.must(0, "up", "--detach");
}

async function overwrite(bed: AppBed, version: string): Promise<void> {
  await bed.use(`shop/${version}`);
  await bed.edit({ version });
}

async function someReplica(bed: AppBed): Promise<number> {
  const { replicas: running } = await bed.status();
  return Number(running.find((r) => r.state === "ready")?.process);
}

async function inFlight(bed: AppBed): Promise<number> {
  const { replicas: running } = await bed.status();
  return running.reduce((sum, r) => sum + (r.inFlight ?? 0), 0);
}
