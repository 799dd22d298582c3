import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControllerClient } from "@hitless/controller";
import type { ReplicaView } from "@hitless/core";
import { AppBed, until } from "../test/bed/app-bed.ts";
import { connectTo } from "../test/bed/connect-to.ts";
import { untilHeldAt } from "../test/bed/held-release.ts";
import { PacedAsker } from "../test/bed/paced-asker.ts";
import type { Finding, Proof } from "./proof.ts";

const times = 3;
const replicas = 4;
const askEveryMs = 10;
const withinMs = 5_000;
/** For so long the clients ask on, ms: beyond what may be, so that too long shows as what it was. */
const askForMs = 10_000;

const ills = ["dead", "hung", "flapping"] as const;
type Ill = (typeof ills)[number];

/** A canary of half the requests whose replicas are of no use, and then `hitless abort`. */
export const proof: Proof = {
  title:
    "abort while the canary is dead, hung or flapping, with part of stable gone too: all requests are stable's in under 5 s",
  seconds: 240,
  takes: [{ kind: "number", name: "TIMES", what: `how often each case; ${times}`, least: 1 }],
  async run(args): Promise<Finding> {
    const wanted = Number(args[0] ?? times);
    await using bed = await AppBed.make({ app: "shop/1.0", settings });
    await bed.edit({ probes: { readiness: flappingProbe(bed) } });
    await bed.must(0, "up", "--detach");
    const met: Met[] = [];
    for (let n = 1; n <= wanted; n += 1) {
      for (const ill of ills) {
        for (const stableToo of [false, true]) met.push(await abortWhile(bed, ill, stableToo));
      }
    }
    const worst = Math.max(...met.map(({ restoredMs }) => restoredMs));
    const share = Math.min(...met.map((one) => one.canaryBefore));
    return {
      figure:
        `${met.length} aborts, stable's share restored after at most ${Math.round(worst)} ms at the clients ` +
        `(${ills.map((ill) => `${ill} ${rangeOf(met, ill)}`).join(", ")}); before each the canary had at least ${Math.round(share * 100)} % of them`,
      ok: worst < withinMs && share > 0.2 && met.every((one) => one.outcome === "aborted"),
    };
  },
};

const settings = {
  replicas,
  drain: { timeoutSeconds: 1, terminationGracePeriodSeconds: 2 },
  strategy: { canary: { steps: [{ weight: 50 }, "approval"] } },
  // The usual metrics would turn it back before anybody asks.
  analysis: [{ metric: "latency-p95", below: "60s" }],
};

/** What one abort came to. */
interface Met {
  readonly ill: Ill;
  readonly stableToo: boolean;
  readonly outcome: string | undefined;
  /** From the abort to the last request that stable did not answer. */
  readonly restoredMs: number;
  /** The canary's share of the answers before it fell ill. */
  readonly canaryBefore: number;
}

async function abortWhile(bed: AppBed, ill: Ill, stableToo: boolean): Promise<Met> {
  await bed.must(0, "release", "--set", `config.GREETING=${Date.now()}`);
  const { release } = await untilHeldAt(bed, "canary 50 %");
  const [stable, canary] = [release?.from ?? 0, release?.to ?? 0];
  await using during = await Case.open(bed);
  using asker = new PacedAsker(bed.port, askEveryMs);
  const began = performance.now();
  await until(() => asker.by(String(stable), began) > 50, "stable answers");
  const got = asker.by(String(canary), began);
  const canaryBefore = got / (got + asker.by(String(stable), began));
  await during.fallIll(ill, { canary, stable: stableToo ? stable : null });
  const since = performance.now();
  await during.abort();
  await until(() => performance.now() - since > askForMs, "the clients asked on");
  await asker.stop();
  const restoredMs = (asker.lastNotBy(String(stable), since) ?? since) - since;
  await rm(flapFile(bed), { force: true });
  await until(() => during.isWhole(stable), `revision ${stable} is whole again`, 60_000);
  const met = { ill, stableToo, outcome: await during.outcome(), restoredMs, canaryBefore };
  console.log(lineOf(met));
  return met;
}

/** What is done to the app while a release holds; at once, without a process for each command. */
class Case implements AsyncDisposable {
  readonly #bed: AppBed;
  readonly #client: ControllerClient;

  private constructor(bed: AppBed, client: ControllerClient) {
    this.#bed = bed;
    this.#client = client;
  }

  static async open(bed: AppBed): Promise<Case> {
    return new Case(bed, await connectTo(bed));
  }

  /** `stable`: also half of that revision's replicas are killed. */
  async fallIll(
    ill: Ill,
    { canary, stable }: { readonly canary: number; readonly stable: number | null },
  ): Promise<void> {
    const { replicas: all } = await this.#client.status();
    if (ill === "flapping") {
      await writeFile(flapFile(this.#bed), String(canary));
      const unready = (one: ReplicaView) => one.revision === canary && one.state !== "ready";
      const flaps = async () => (await this.#client.status()).replicas.some(unready);
      await until(flaps, "the canary flaps");
    } else {
      const own = all.filter((one) => one.revision === canary);
      for (const one of own) process.kill(Number(one.process), signals[ill]);
    }
    const also = all.filter((one) => one.revision === stable).slice(0, replicas / 2);
    for (const one of also) process.kill(Number(one.process), "SIGKILL");
  }

  async abort(): Promise<void> {
    const { newest: meantFor } = await this.#client.status();
    await this.#client.intent({ kind: "abort", by: "proof", meantFor });
  }

  async isWhole(stable: number): Promise<boolean> {
    const { release, replicas: all } = await this.#client.status();
    const own = all.filter((one) => one.revision === stable && one.state === "ready");
    return release === null && own.length === replicas && all.length === replicas;
  }

  async outcome(): Promise<string | undefined> {
    return (await this.#client.status()).lastRelease?.outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

const signals = { dead: "SIGKILL", hung: "SIGSTOP" } as const;

/** Readiness of the revision that the file names is on and off for 2 s each. */
function flappingProbe(bed: AppBed) {
  const named = `grep -qx "$HITLESS_REVISION" ${flapFile(bed)} 2>/dev/null`;
  const command = ["sh", "-c", `! ${named} || test $(($(date +%s) / 2 % 2)) -eq 0`];
  return { exec: { command }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1 };
}

function flapFile(bed: AppBed): string {
  return join(bed.dir, "..", "flapping");
}

function lineOf({ ill, stableToo, restoredMs, canaryBefore }: Met): string {
  const also = stableToo ? ", half of stable killed" : "";
  return `canary ${ill}${also}: had ${Math.round(canaryBefore * 100)} %, last request past stable ${Math.round(restoredMs)} ms after the abort`;
}

function rangeOf(met: readonly Met[], ill: Ill): string {
  const own = met.filter((one) => one.ill === ill).map(({ restoredMs }) => Math.round(restoredMs));
  return `${Math.min(...own)} to ${Math.max(...own)} ms`;
}
