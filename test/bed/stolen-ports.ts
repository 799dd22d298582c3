import { describeFailure } from "@hitless/core";
import { type ControlReport, type LoadReport, startLoad } from "@hitless/load";
import { AppBed, type CommandResult } from "./app-bed.ts";
import { naiveSwap } from "./naive-swap.ts";
import { PortThief, type Theft } from "./port-thief.ts";

/** How an app meets a stranger on its port. */
export interface StolenPorts {
  readonly name: string;
  /** `exit` and `stay`: what the app does on EADDRINUSE; `share`: it shares its port with anybody. */
  readonly app: "exit" | "stay" | "share";
  readonly theft: Omit<Theft, "revision">;
  /** How many ports Hitless may use. */
  readonly ports: number;
}

export interface StolenPortsResult {
  readonly release: CommandResult;
  /** Stolen port → pid of the process that held it. */
  readonly holders: ReadonlyMap<number, number>;
  readonly report: LoadReport;
  /** Version → answers that came through the proxy. */
  readonly answersBy: Readonly<Record<string, number>>;
  readonly stable: number | null;
  /** The reason in `history`, in words; empty when there is none. */
  readonly reason: string;
}

const lateListener = "../test/bed/apps/late-listener";
const replicas = 2;
const load = { rate: 100, mix: { fresh: 1, keepalive: 1 } };

/** The same load on the same app, swapped without Hitless: shows that losses would be seen. */
export async function swapNaively(stolen: StolenPorts): Promise<ControlReport> {
  await using bed = await AppBed.make({ app: lateListener, settings: settingsOf(stolen) });
  return await naiveSwap(bed, { load, phaseMs: 500 });
}

/** Releases revision 2 under load while a stranger takes the ports of its replicas. */
export async function releaseAmongThieves(stolen: StolenPorts): Promise<StolenPortsResult> {
  const from = 20_000 + Math.floor(Math.random() * 10_000);
  await using bed = await AppBed.make({
    app: lateListener,
    settings: settingsOf(stolen),
    env: { HITLESS_PORTS: `${from}-${from + stolen.ports - 1}` },
  });
  await bed.must(0, "up", "--detach");
  await bed.everybody(replicas);
  await using session = startLoad({ url: bed.url, ...load });
  await using thief = new PortThief(bed, { ...stolen.theft, revision: 2 });
  const versionTwo = stolen.app === "share" ? "config.WHO=app 2" : "config.VERSION=2";
  const release = await bed.run("release", "--set", versionTwo, "--wait");
  const report = await session.stop();
  const { stable } = await bed.status();
  const reason = (await bed.history()).at(-1)?.reason ?? null;
  return {
    release,
    holders: thief.holders,
    report,
    answersBy: answersByVersion(report.total.answersBy),
    stable,
    reason: reason === null ? "" : describeFailure(reason),
  };
}

function settingsOf({ app }: StolenPorts): Readonly<Record<string, unknown>> {
  const deadline = { replicas, progressDeadlineSeconds: 60 };
  if (app === "share") {
    return { ...deadline, run: ["python3", "sharing.py"], config: { WHO: "app 1", ...late } };
  }
  return { ...deadline, config: { WHEN_TAKEN: app, ...late } };
}

const late = { LISTEN_AFTER_MS: "700" };

function answersByVersion(
  answersBy: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Readonly<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const [who, pids] of Object.entries(answersBy)) {
    const version = who.split("@")[0] ?? who;
    const answers = Object.values(pids).reduce((sum, each) => sum + each, 0);
    counted[version] = (counted[version] ?? 0) + answers;
  }
  return counted;
}
