import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StatusReport } from "@hitless/controller";
import { AppBed, isRunning, until } from "./app-bed.ts";
import { connectTo } from "./connect-to.ts";
import { proxyOf } from "./proxy-of.ts";

/** Something that happens to a running app while its controller records. */
export interface Scene {
  readonly name: string;
  readonly play: (bed: AppBed) => Promise<void>;
}

/** The trace of one controller, from its start to its end. */
export interface RecordedScene {
  readonly name: string;
  readonly lines: readonly string[];
}

const settlesWithinMs = 120_000;
/** Quick to become ready and to fail. */
const settings = {
  replicas: 2,
  progressDeadlineSeconds: 8,
  probes: { readiness: { path: "/ready", periodSeconds: 1, failureThreshold: 3 } },
  strategy: { rolling: { maxSurge: 1, maxUnavailable: 0 } },
};

/** One after the other on one app; each begins and ends with nothing under way. */
export const scenes: readonly Scene[] = [
  { name: "first-release", play: async () => undefined },
  { name: "rolling-forward", play: (bed) => released(bed, 0) },
  { name: "rollback", play: (bed) => done(bed, 0, "rollback", "--wait") },
  { name: "rollback-to", play: (bed) => done(bed, 0, "rollback", "--to", "2", "--wait") },
  { name: "scale-up", play: (bed) => done(bed, 0, "scale", "4", "--wait") },
  { name: "scale-down", play: (bed) => done(bed, 0, "scale", "2", "--wait") },
  { name: "restart", play: (bed) => done(bed, 0, "restart", "--wait") },
  {
    name: "abort",
    play: (bed) => interrupted(bed, "back", () => done(bed, 0, "abort")),
  },
  {
    name: "rollback-under-way",
    play: (bed) => interrupted(bed, "back", () => done(bed, 0, "rollback")),
  },
  {
    name: "pause-resume",
    // Who waits for it is told of the pause, and waits no longer.
    play: (bed) =>
      interrupted(bed, "on", async () => {
        await done(bed, 0, "pause");
        await until(async () => (await bed.run("why")).stdout.includes("paused"), "it is paused");
        await done(bed, 0, "resume");
      }),
  },
  { name: "queue", play: (bed) => interrupted(bed, "on", () => released(bed, null)) },
  {
    name: "replace",
    play: (bed) => interrupted(bed, "back", () => released(bed, null, "--if-busy", "replace")),
  },
  {
    name: "reject",
    play: (bed) => interrupted(bed, "on", () => released(bed, 6, "--if-busy", "reject")),
  },
  { name: "never-ready", play: (bed) => failing(bed, { probes: probesAt("/never") }) },
  { name: "crash-loop", play: (bed) => failing(bed, { run: ["node", "-e", "process.exit(3)"] }) },
  { name: "replica-killed", play: killReplica },
  {
    name: "replica-killed-under-way",
    play: (bed) => interrupted(bed, "on", () => killReplica(bed)),
  },
  {
    name: "all-replicas-killed",
    play: async (bed) => {
      for (const { process: pid } of (await bed.status()).replicas) kill(pid);
      await settled(bed);
    },
  },
  { name: "proxy-worker-killed", play: killWorker },
  {
    name: "surge-and-unavailable",
    play: async (bed) => {
      await bed.edit({ strategy: { rolling: { maxSurge: "50%", maxUnavailable: "50%" } } });
      await released(bed, 0);
    },
  },
  {
    name: "recreate",
    play: async (bed) => {
      await bed.edit({ strategy: { recreate: {} } });
      await released(bed, 0);
    },
  },
  {
    name: "settings-alone",
    play: async (bed) => {
      await bed.edit({ strategy: settings.strategy, replicas: 3 });
      await done(bed, 0, "release", "--wait");
    },
  },
  { name: "nothing-to-do", play: (bed) => done(bed, 0, "release", "--wait") },
  {
    name: "collect",
    play: async (bed) => {
      await bed.edit({ keepRevisions: 1 });
      await released(bed, 0);
    },
  },
  {
    name: "controller-killed-under-way",
    play: (bed) =>
      interrupted(bed, "on", async () => {
        await bed.killController();
        await done(bed, 0, "up", "--detach");
      }),
  },
];

let greetings = 0;

/**
 * Plays the scenes on an app in a folder of its own, each under a controller of its own, and returns
 * what those recorded: a scene in which the controller is killed gives two traces.
 */
export async function recordScenes(
  played: readonly Scene[],
  told: (name: string) => void,
): Promise<readonly RecordedScene[]> {
  const env = { HITLESS_RECORD: "1" };
  await using bed = await AppBed.make({ app: "shop/1.0", settings, env });
  const recorded: RecordedScene[] = [];
  const known = new Set<string>();
  for (const { name, play } of played) {
    await bed.must(0, "up", "--detach");
    await settled(bed);
    await play(bed);
    await settled(bed);
    await bed.killController();
    const traces = await newTraces(bed, known);
    traces.forEach((lines, index) => {
      recorded.push({ name: index === 0 ? name : `${name}-${index + 1}`, lines });
    });
    told(`${name}: ${traces.map((lines) => lines.length).join(" + ")} lines`);
  }
  return recorded;
}

async function newTraces(bed: AppBed, known: Set<string>): Promise<readonly (readonly string[])[]> {
  const folder = join(bed.dir, ".hitless", "traces");
  const names = (await readdir(folder)).filter((name) => !known.has(name)).sort();
  for (const name of names) known.add(name);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => text.split("\n").filter((line) => line !== ""));
}

async function done(bed: AppBed, code: number, ...args: readonly string[]): Promise<void> {
  await bed.must(code, ...args);
}

/** A release that changes something, and ends with that code; null: with any. */
async function released(
  bed: AppBed,
  code: number | null,
  ...flags: readonly string[]
): Promise<void> {
  const args = ["release", "--set", `config.GREETING=${nextGreeting()}`, ...flags, "--wait"];
  if (code === null) await bed.run(...args);
  else await bed.must(code, ...args);
}

function nextGreeting(): string {
  greetings += 1;
  return `number-${greetings}`;
}

/** How slow a release is made to step in: one that is to go back never gets far, one that goes on does. */
const slow = { on: 6, back: 40 } as const;

/** Acts while a release runs that is to go on or back after that. */
async function interrupted(
  bed: AppBed,
  way: keyof typeof slow,
  act: () => Promise<void>,
): Promise<void> {
  await bed.edit({ minReadySeconds: slow[way], progressDeadlineSeconds: 60 });
  const command = bed.start("release", "--set", `config.GREETING=${nextGreeting()}`, "--wait");
  await statusWhen(bed, (status) => status.release !== null, "the release has begun");
  await bed.edit({
    minReadySeconds: undefined,
    progressDeadlineSeconds: settings.progressDeadlineSeconds,
  });
  await act();
  // Who waits for which of several releases is not what is recorded here.
  await command.done;
}

/** A release of a file that says this fails and goes back; then the file says what it said. */
async function failing(bed: AppBed, spoilt: Readonly<Record<string, unknown>>): Promise<void> {
  await bed.edit(spoilt);
  await released(bed, 3);
  await bed.edit({ run: ["node", "server.mjs"], probes: settings.probes });
}

async function killReplica(bed: AppBed): Promise<void> {
  const [victim] = (await bed.status()).replicas.filter((r) => r.state === "ready");
  kill(victim?.process ?? null);
  await until(async () => {
    const { replicas } = await bed.status();
    return replicas.every((r) => r.process !== victim?.process);
  }, "the replica is gone");
}

async function killWorker(bed: AppBed): Promise<void> {
  const pid = (await proxyOf(bed))?.workers[0]?.pid ?? Number.NaN;
  process.kill(pid, "SIGKILL");
  await until(() => !isRunning(pid), "the worker is gone");
}

function kill(pid: string | null): void {
  process.kill(Number(pid ?? Number.NaN), "SIGKILL");
}

function probesAt(path: string) {
  return { readiness: { ...settings.probes.readiness, path } };
}

/** Resolves when nothing is under way and the controller says that all is well. */
function settled(bed: AppBed): Promise<void> {
  const isRest = ({ release, pending, why }: StatusReport) =>
    release === null && pending === null && why.kind === "steady";
  return statusWhen(bed, isRest, "nothing is under way");
}

/** Asked here, without a command for each look. */
async function statusWhen(
  bed: AppBed,
  holds: (status: StatusReport) => boolean,
  what: string,
): Promise<void> {
  const client = await connectTo(bed);
  try {
    await until(async () => holds(await client.status()), what, settlesWithinMs);
  } finally {
    await client.close();
  }
}
