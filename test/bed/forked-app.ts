import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppBed, type ShopAnswer } from "./app-bed.ts";

/** A way to start a server that is not the process we start. */
export interface ForkedForm {
  readonly name: string;
  readonly run: string | readonly string[];
}

export const forkedForms = {
  npmText: { name: "`npm start` as a text", run: "npm start" },
  npmList: { name: "[npm, start]", run: ["npm", "start"] },
  shellText: { name: "a shell script as a text", run: "./start.sh" },
  shellList: { name: "a shell script in a list", run: ["sh", "start.sh"] },
  cluster: { name: "a Node cluster", run: ["node", "cluster.cjs"] },
  prefork: { name: "a pre-forking Python master", run: ["python3", "prefork.py"] },
} as const satisfies Record<string, ForkedForm>;

/** What became of a forked app over a release and `down`. */
export interface ForkedLife {
  /** Answers came from processes that we did not start ourselves. */
  readonly forked: boolean;
  /** Servers that were told to stop, and how many of those ran their handler to its end. */
  readonly stopped: number;
  readonly handled: number;
  /** The slower of the release and `down`, in seconds: a kill at the end of the grace shows here. */
  readonly slowestSeconds: number;
}

/** `terminationGracePeriodSeconds` of the app: a server that has to be killed takes so long. */
export const graceSeconds = 20;
const replicas = 2;

/** Brings it up, releases once and takes it down. Throws when a step fails or anything is left. */
export async function liveAndLeave({ run }: ForkedForm): Promise<ForkedLife> {
  await using bed = await AppBed.make({ app: "../test/bed/apps/forked" });
  const marks = join(bed.dir, "../marks");
  await mkdir(marks);
  const drain = {
    delaySeconds: 0,
    timeoutSeconds: 10,
    terminationGracePeriodSeconds: graceSeconds,
  };
  await bed.edit({ run, replicas, drain, config: { MARKS: marks } });
  await bed.must(0, "up", "--detach");
  const first = await bed.everybody(replicas);
  const leaders = new Set((await bed.status()).replicas.map((replica) => replica.process));
  const release = await bed.must(0, "release", "--set", "config.VERSION=2", "--wait");
  const second = await bed.everybody(replicas);
  const down = await bed.must(0, "down");
  const left = await bed.leftOver();
  if (left.length > 0) throw new Error(`left: ${JSON.stringify(left)}`);
  const handled = [...first, ...second].filter(({ replica, pid }: ShopAnswer) =>
    existsSync(join(marks, `${replica}.${pid}`)),
  );
  return {
    forked: first.every(({ pid }) => !leaders.has(String(pid))),
    stopped: first.length + second.length,
    handled: handled.length,
    slowestSeconds: Math.max(release.seconds, down.seconds),
  };
}
