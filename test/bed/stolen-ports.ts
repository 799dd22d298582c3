import { describeFailure } from "@hitless/core";
import { startLoad } from "@hitless/load";
import { AppBed, type CommandResult } from "./app-bed.ts";
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
  readonly sent: number;
  readonly lost: number;
  /** Version → answers that came through the proxy. */
  readonly answersBy: Readonly<Record<string, number>>;
  readonly stable: number | null;
  /** The reason in `history`, in words; empty when there is none. */
  readonly reason: string;
}

const replicas = 2;

/** Releases revision 2 under load while a stranger takes the ports of its replicas. */
export async function releaseAmongThieves(stolen: StolenPorts): Promise<StolenPortsResult> {
  const from = 20_000 + Math.floor(Math.random() * 10_000);
  await using bed = await AppBed.make({
    app: "../test/bed/apps/late-listener",
    settings: settingsOf(stolen),
    env: { HITLESS_PORTS: `${from}-${from + stolen.ports - 1}` },
  });
  await bed.must(0, "up", "--detach");
  await bed.everybody(replicas);
  const mix = { fresh: 1, keepalive: 1 };
  await using load = startLoad({ url: bed.url, rate: 100, mix });
  await using thief = new PortThief(bed, { ...stolen.theft, revision: 2 });
  const versionTwo = stolen.app === "share" ? "config.WHO=app 2" : "config.VERSION=2";
  const release = await bed.run("release", "--set", versionTwo, "--wait");
  const { total } = await load.stop();
  const { stable } = await bed.status();
  const reason = (await bed.history()).at(-1)?.reason ?? null;
  return {
    release,
    holders: thief.holders,
    sent: total.sent,
    lost: total.lost,
    answersBy: answersByVersion(total.answersBy),
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
