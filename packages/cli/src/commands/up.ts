import { basename, join } from "node:path";
import { armFailpoints, HitlessError, type Revision } from "@hitless/core";
import {
  controllerOf,
  type FolderWatch,
  isSameIdentity,
  leaseHolderOf,
  type ProcessIdentity,
  parsePortRange,
  proxyRuns,
} from "@hitless/local";
import { Command, Option } from "commander";
import { type LoadedAppFile, readAppFile } from "../app-file/read-app-file.ts";
import { openStores, type RunningController, startController } from "../compose.ts";
import { failpointsOf } from "../failpoints-of.ts";
import { detach } from "../follow/detach.ts";
import { untilServing } from "../follow/until-serving.ts";
import { notingRefusal } from "../note-refusal.ts";
import { type FileOption, withFile, workerCount } from "../options.ts";
import { givenOrigin, whoAsks } from "../origin.ts";
import { progress } from "../output.ts";
import { type Place, placeOf, stateOf, withController } from "../place.ts";
import { planOf } from "../plan/plan-of.ts";
import { warnOfPersist } from "../preflight/persist-warnings.ts";
import { portIsFree } from "../preflight/port-is-free.ts";
import { preflight, secretsAreSet } from "../preflight/preflight.ts";
import { sayIfProxyGivesWay } from "../preflight/proxy-build.ts";
import { describeProgress } from "../render/describe-progress.ts";

interface UpOptions extends FileOption {
  readonly detach?: boolean;
  readonly takeOver?: boolean;
  /** Set by `--detach` for the controller that it starts: whom `--take-over` meant, as pid:startTime. */
  readonly insteadOf?: string;
  readonly daemon?: boolean;
  readonly record?: boolean;
  readonly workers?: number;
}

/** `hitless up [--detach] [--take-over]` */
export function upCommand(): Command {
  const command = new Command("up")
    .description(
      "Start the controller: the first time the file becomes revision 1, later what runs is adopted.",
    )
    .option("--detach", "return when all replicas are ready; everything goes on in the background")
    .option("--take-over", "end a controller that already runs, and see it gone first")
    .option(
      "--workers <number>",
      "worker processes of the proxy, 1 to 32, over the file's proxy.workers; else as many as it has, or 1",
      workerCount,
    )
    .option("--record", "write every decision, and what it rests on, to .hitless/traces")
    .addOption(new Option("--instead-of <pid:startTime>").hideHelp())
    .addOption(new Option("--daemon").hideHelp());
  return withFile(command).action(up);
}

async function up(options: UpOptions): Promise<void> {
  const failing = failpointsOf(process.env["HITLESS_FAILPOINT"], import.meta.url);
  const origin = givenOrigin(process.env);
  const place = placeOf(options.file);
  const record = options.record ?? process.env["HITLESS_RECORD"] === "1";
  const { workers } = options;
  const instead = await replaced(place, options);
  const by = whoAsks();
  const asked = {
    command: "up",
    arguments: { takeOver: options.takeOver ?? false },
    who: { name: by, origin },
  };
  const file = await notingRefusal(place, asked, () => checked(place, instead));
  // In the background nobody reads it, and whoever started that has.
  if (!options.daemon) {
    await warnOfPersist(place, file.spec);
    await sayIfProxyGivesWay(place);
  }
  if (options.detach) {
    await detach(place, { instead, record, workers });
    await withController(options.file, (client) => untilServing(client));
    await sayIfFileDiffers(place, file);
    return;
  }
  armFailpoints(failing);
  const running = await notingRefusal(place, asked, () =>
    startController(place, file, { instead, by, origin, record, workers }),
  );
  // First of all: a Ctrl-C while the files are compared means `down` as well.
  const ended = untilToldToEnd(running, {
    place,
    record,
    workers,
    daemon: options.daemon ?? false,
  });
  if (!options.daemon) {
    sayWhatRuns(running);
    await Promise.race([ended, sayIfFileDiffers(place, file)]);
  }
  await ended;
}

/** The controller that runs now and is to be replaced: one that comes later is not meant. */
async function replaced(place: Place, options: UpOptions): Promise<ProcessIdentity | null> {
  const { takeOver, insteadOf } = options;
  if (takeOver !== true && insteadOf === undefined) return null;
  const present = await controllerOf((await stateOf(place)).lock);
  if (present === null || insteadOf === undefined) return present;
  return `${present.pid}:${present.startTime}` === insteadOf ? present : null;
}

/** All that can be refused before anything is touched. */
async function checked(place: Place, instead: ProcessIdentity | null): Promise<LoadedAppFile> {
  const { folder, store } = await openStores({ ...place, appDir: (await stateOf(place)).appDir });
  const ports = process.env["HITLESS_PORTS"];
  if (ports !== undefined) parsePortRange(ports);
  const known = await store.load();
  const file = await readAppFile(place.appFile, known?.overrides ?? {});
  const other = await leaseHolderOf(folder.lock);
  if (other !== null && (instead === null || !isSameIdentity(other, instead))) {
    throw new HitlessError(
      "CONTROLLER_RUNNING",
      `process ${other.pid} is the controller of ${file.spec.name} in ${folder.appDir}`,
      {
        next: "Use `hitless release` to change it, or replace it with `hitless up --take-over`.",
      },
    );
  }
  if (known === null) {
    await preflight(place, file);
    secretsAreSet(file);
    // A controller killed during its first start leaves a proxy: that is ours, and is taken up.
    if (!(await proxyRuns(folder))) await portIsFree(file);
  } else {
    const stable = known.stable === null ? null : await store.revision(known.stable);
    if (stable !== null) refuseWithoutSecrets(stable);
  }
  return file;
}

/** Adopted without them, all would look well until the first replica has to be started again. */
function refuseWithoutSecrets(revision: Revision): void {
  const missing = revision.secrets.find((name) => process.env[name] === undefined);
  if (missing === undefined) return;
  throw new HitlessError(
    "SECRET_MISSING",
    `secret ${missing} of revision ${revision.number} has no value`,
    { next: `Set ${missing} in the environment, then say \`hitless up\` again.` },
  );
}

function sayWhatRuns(running: RunningController): void {
  const { name, settings } = running.controller.current;
  const { host, port } = settings;
  progress(
    `${name} at http://${host}:${port}; Ctrl-C means \`hitless down\`: it drains and stops everything`,
  );
}

/** What runs was adopted, whatever the file says by now. */
async function sayIfFileDiffers(place: Place, file: LoadedAppFile): Promise<void> {
  const { from, changes, settings } = await planOf(place, { file });
  if (from === null || changes.length + settings.length === 0) return;
  progress(
    `the file differs from revision ${from}, which serves; \`hitless plan\` shows it, \`hitless release\` releases it`,
  );
}

/** How a controller was started. */
interface Standing {
  readonly place: Place;
  readonly record: boolean;
  readonly workers: number | undefined;
  readonly daemon: boolean;
}

async function untilToldToEnd(
  running: RunningController,
  { place, record, workers, daemon }: Standing,
): Promise<void> {
  const quiet = new AbortController();
  if (!daemon) void tell(running, quiet.signal);
  const signalled = new Promise<"down" | "leave">((resolve) => {
    process.on("SIGTERM", () => resolve("leave"));
    process.on("SIGINT", () => resolve(daemon ? "leave" : "down"));
  });
  const why = await Promise.race([signalled, running.asked]);
  if (why === "down") {
    progress("draining and stopping everything");
    await running.down();
  } else {
    progress("the controller ends; replicas and proxy go on serving");
    await running.leave();
    if (typeof why !== "string") await follow(why.moved, { place, record, workers, daemon });
  }
  quiet.abort();
  process.exit(0);
}

/**
 * Every path is another one by now: the next controller starts with them, and adopts what runs. A
 * folder that was moved on meanwhile is followed further.
 */
async function follow(folder: FolderWatch, standing: Standing): Promise<void> {
  const { place, record, workers, daemon } = standing;
  for (;;) {
    const appDir = folder.path;
    progress(`the folder of the app was moved to ${appDir}`);
    if (!daemon) return progress("`hitless up` there adopts what runs");
    try {
      const appFile = join(appDir, basename(place.appFile));
      return await detach({ appDir, appFile }, { instead: null, record, workers });
    } catch (thrown) {
      if (folder.path === appDir) throw thrown;
    }
  }
}

async function tell(running: RunningController, signal: AbortSignal): Promise<void> {
  let last = "";
  while (!signal.aborted) {
    await running.controller.changed(signal);
    const { why } = running.controller;
    if (why.kind === "unobservable" && why.what === "app") continue;
    const text = describeProgress(why);
    if (text !== last) progress(text);
    last = text;
  }
}
