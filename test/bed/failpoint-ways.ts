import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Accepted, ControllerClient } from "@hitless/controller";
import { type Failpoint, failpoints } from "@hitless/core";
import { type AppBed, until } from "./app-bed.ts";
import { persistedDirection } from "./controller-death.ts";
import { type DeathAt, isSettled, WatchedController } from "./watched-controller.ts";

/** What is done so that a controller gets to a failpoint. */
export interface Way {
  /** Before the controller that is to die is started. */
  readonly before?: (bed: AppBed) => Promise<unknown>;
  /** Once it has settled; null: it gets there by itself, at the latest a moment later. */
  readonly act: ((bed: AppBed, client: ControllerClient) => Promise<unknown>) | null;
  /** After its death, before the next is started. */
  readonly after?: (bed: AppBed) => Promise<unknown>;
}

const by = "proof";

/** A liveness probe that fails for the replicas that a file is named after. */
export function livenessOf(bed: AppBed) {
  const command = ["sh", "-c", `test ! -e ${deadFile(bed, "$HITLESS_REPLICA")}`];
  return { exec: { command }, periodSeconds: 1, failureThreshold: 1 };
}

export const ways = {
  /** It takes up an app that serves. */
  adoption: { act: null },
  /** The very first start: nobody has served yet. */
  firstStart: { act: null },
  /** A release of changed files, by the command: everything from the capture to the collection. */
  release: { before: changeFiles, act: (bed) => bed.run("release") },
  restart: { act: (_bed, client) => client.restart({ by }) },
  /** A release that is told to abort. */
  abort: { act: abortRestart },
  /** It takes up a release that is on its way back. */
  wayBack: { before: leaveOnWayBack, act: null },
  scale: { act: scaleUpAndDown },
  /** A replica dies by itself. */
  crash: { act: (_bed, client) => killOneReplica(client) },
  /** A liveness probe fails, and the replica is to be replaced. */
  unlive: {
    act: callOneDead,
    after: (bed) => rm(join(bed.dir, "..", "dead"), { recursive: true }),
  },
  /** The controller ends, its app runs on. */
  leaving: { act: async (_bed, client) => process.kill((await client.status()).controller.pid) },
  down: { act: (_bed, client) => client.down({ by: "proof" }) },
} as const satisfies Record<string, Way>;

export type WayName = keyof typeof ways;

/** One death: at which passing of a failpoint, on which way. */
export interface Cell extends DeathAt {
  readonly way: WayName;
}

type Passings = Partial<Record<WayName, readonly number[]>>;
const once = [1] as const;

/**
 * How each failpoint is reached, and at which passings of a process. A controller that took up two
 * replicas has passed the points of their adoption twice when it begins something new.
 */
const reachedBy: Readonly<Record<Failpoint, Passings>> = {
  "lock-guarded": { adoption: once, firstStart: once },
  "lock-written": { adoption: once, firstStart: once },
  "lock-taken": { adoption: once, firstStart: once },
  "lock-renewed": { restart: once },
  "proxy-started": { adoption: once, firstStart: once },
  "engine-opened": { adoption: once, wayBack: once, firstStart: once },
  "app-saved": { adoption: once, firstStart: once },
  "revision-due": { release: once, restart: once },
  "revision-added": { release: once, restart: once, firstStart: once },
  "intent-due": { release: once, abort: [2] },
  "intent-saved": { release: once, abort: [2] },
  "step-due": { restart: [1, 2], wayBack: once },
  "step-saved": { restart: [1, 2], wayBack: once },
  "record-due": { restart: once, wayBack: once },
  "record-added": { restart: once, wayBack: once, firstStart: once },
  "outcome-saved": { restart: once, wayBack: once },
  "mutation-due": { restart: [1, 2, 3] },
  "mutation-saved": { restart: [1, 2, 3], wayBack: once, firstStart: once },
  "mutation-accepted": { restart: [1, 2, 3], wayBack: once },
  "token-saved": { restart: [1, 2, 3] },
  "file-due": { adoption: [2], restart: [12, 24] },
  "file-written": { adoption: [2], restart: [11, 23, 30] },
  "file-renamed": { adoption: [2], restart: [13, 22] },
  "line-due": { restart: [1, 4] },
  "line-appended": { restart: [1, 4] },
  "level-due": { restart: once, scale: [2] },
  "level-saved": { restart: once, scale: [2], wayBack: once },
  "route-due": { restart: once },
  "route-saved": { restart: once, wayBack: once },
  "artifact-discarded": { release: once },
  "revision-removed": { release: once },
  "revision-forgotten": { release: once },
  "replica-due": { restart: once },
  "replica-recorded": { restart: [1, 2], crash: once },
  "replica-spawned": { restart: [1, 2], crash: once, firstStart: once },
  "pid-recorded": { adoption: once, restart: [3] },
  "admission-recorded": { restart: once },
  "replica-admitted": { restart: [1, 2] },
  "readiness-recorded": { restart: [1, 2] },
  "end-cleared": { crash: once },
  "end-recorded": { crash: once },
  "replacement-recorded": { unlive: once },
  "stop-recorded": { restart: [1, 2] },
  "replica-withdrawn": { restart: [1, 2], wayBack: once, down: once },
  "withdrawal-recorded": { restart: once },
  "requests-finished": { restart: once },
  "stop-signalled": { restart: once, scale: once, wayBack: once },
  "group-empty": { restart: [1, 2], unlive: once, down: once },
  "replica-gone": { restart: once },
  "replica-removed": { restart: [1, 2], scale: once, down: [2] },
  "generation-saved": { adoption: once, restart: [5] },
  "table-sent": { adoption: once, restart: [4, 6] },
  "table-acknowledged": { adoption: once, restart: [5] },
  "blobs-staged": { release: once, firstStart: once },
  "blobs-published": { release: once },
  "manifest-written": { release: once, firstStart: once },
  "checkout-filled": { release: once },
  "checkout-marked": { release: once, firstStart: once },
  "checkout-made": { release: once },
  "checkout-unnamed": { release: once },
  "checkout-emptied": { release: once },
  "decisions-ended": { leaving: once, down: once },
  "replicas-stopped": { down: once },
  "proxy-stopped": { down: once },
  "api-closed": { down: once },
  "lock-released": { leaving: once },
  "engine-abandoned": { leaving: once },
};

/** Every death to be tried, in the order of the list. */
export const cells: readonly Cell[] = failpoints.flatMap((name) =>
  wayNames(reachedBy[name]).flatMap(([way, passings]) =>
    passings.map((passing): Cell => ({ name, passing, way })),
  ),
);

function wayNames(passings: Passings): readonly (readonly [WayName, readonly number[]])[] {
  return (Object.keys(ways) as readonly WayName[]).flatMap((way) => {
    const found = passings[way];
    return found === undefined ? [] : [[way, found] as const];
  });
}

function deadFile(bed: AppBed, replica: string): string {
  return join(bed.dir, "..", "dead", replica);
}

async function callOneDead(bed: AppBed, client: ControllerClient): Promise<void> {
  const [first] = (await client.status()).replicas;
  const file = deadFile(bed, first?.id ?? "nobody");
  await mkdir(join(file, ".."));
  await writeFile(file, "");
}

async function changeFiles(bed: AppBed): Promise<void> {
  await appendFile(join(bed.dir, "changed"), "once more\n");
}

async function abortRestart(_bed: AppBed, client: ControllerClient): Promise<void> {
  await abort(client, await client.restart({ by }));
}

function abort(client: ControllerClient, { release }: Accepted): Promise<Accepted> {
  const meantFor = { release: release ?? 0, direction: "forward", waypoint: null } as const;
  return client.intent({ kind: "abort", by, meantFor });
}

/** A release that accepted its abort, and nobody to bring it back. */
async function leaveOnWayBack(bed: AppBed): Promise<void> {
  const controller = WatchedController.start(bed);
  const client = await controller.when(isSettled);
  if (client === null) throw new Error("the controller ended by itself");
  const accepted = await client.restart({ by });
  await until(async () => (await client.status()).replicas.length > 2, "a new replica is there");
  await abort(client, accepted);
  await client.close();
  process.kill(controller.pid, "SIGKILL");
  await controller.done;
  if ((await persistedDirection(bed)) !== "back")
    throw new Error("the release is not on its way back");
}

async function scaleUpAndDown(_bed: AppBed, client: ControllerClient): Promise<void> {
  const { desired } = await client.status();
  const more = desired.replicas + 1;
  await client.scale({ replicas: more, by });
  const isUp = async () => {
    const status = await client.status();
    return isSettled(status) && status.replicas.length === more;
  };
  await until(isUp, "scaled up");
  await client.scale({ replicas: desired.replicas, by });
}

async function killOneReplica(client: ControllerClient): Promise<void> {
  const [first] = (await client.status()).replicas;
  process.kill(Number(first?.process), "SIGKILL");
}
