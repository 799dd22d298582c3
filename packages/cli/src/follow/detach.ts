import { spawn } from "node:child_process";
import { open, readFile, stat } from "node:fs/promises";
import { ControllerClient } from "@hitless/controller";
import { allErrorCodes, HitlessError } from "@hitless/core";
import {
  assertRoom,
  controllerOf,
  createState,
  explainDisk,
  type ProcessIdentity,
  type StateFolder,
} from "@hitless/local";
import { withOrigin } from "../origin.ts";
import { type Place, stateOf } from "../place.ts";

/** How long a controller may take until it answers, ms: capturing a large folder is part of it. */
const answersWithinMs = 120_000;
const lookEveryMs = 50;

/** What is passed on to the controller in the background. */
interface Start {
  readonly instead: ProcessIdentity | null;
  readonly record: boolean;
  readonly workers: number | undefined;
}

/**
 * Starts a controller in the background, in the place of the one that is given; resolves when it
 * answers. Throws what it ended with, CONTROLLER_RUNNING when another one replaced it meanwhile.
 */
export async function detach(place: Place, { instead, record, workers }: Start): Promise<void> {
  const folder = await stateOf(place);
  await createState(folder);
  const before = (await stat(folder.controllerLog).catch(() => null))?.size ?? 0;
  const log = await explainDisk(folder.controllerLog, () => open(folder.controllerLog, "a", 0o600));
  const whom = instead === null ? [] : ["--instead-of", `${instead.pid}:${instead.startTime}`];
  const flags = [
    "up",
    "--daemon",
    "--file",
    place.appFile,
    ...whom,
    ...(record ? ["--record"] : []),
    ...(workers === undefined ? [] : ["--workers", String(workers)]),
  ];
  const [script = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, ...flags], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    env: withOrigin(process.env),
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", () => resolve(1));
  });
  const client = new ControllerClient(folder.sockets.control);
  try {
    await answering(client, { ended, folder, before, pid: child.pid });
  } finally {
    child.unref();
    await client.close();
    await log.close();
  }
}

interface Starting {
  readonly ended: Promise<number | null>;
  readonly folder: StateFolder;
  readonly before: number;
  readonly pid: number | undefined;
}

async function answering(client: ControllerClient, starting: Starting): Promise<void> {
  let over = false;
  void starting.ended.then(() => {
    over = true;
  });
  const giveUp = Date.now() + answersWithinMs;
  while (!over && Date.now() < giveUp) {
    const status = await client.status().catch(() => null);
    if (status !== null && status.controller.pid === starting.pid) return;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  if (!over)
    throw new HitlessError(
      "NO_CONTROLLER",
      `the controller did not answer within ${answersWithinMs / 1000} s`,
    );
  const { folder } = starting;
  const said = (await readFile(folder.controllerLog)).subarray(starting.before).toString("utf8");
  const known = lastWords(said) ?? (await replacedBy(folder));
  // What a full disk makes it say, a full disk does not take.
  if (known === null) await assertRoom(folder);
  throw known ?? silent(said, folder.controllerLog);
}

/** The error that the controller printed before it ended, as if it were ours; null without one. */
function lastWords(text: string): HitlessError | null {
  const found = /^error (\w+): ([\s\S]*?)(?:\n {2}→ (.*))?\n?$/m.exec(text);
  if (found === null) return null;
  const [, name, message = "", next] = found;
  const code = allErrorCodes.find((c) => c === name) ?? "INTERNAL";
  return new HitlessError(code, message, next === undefined ? {} : { next });
}

/** It was ended by one that took over, which is the controller now. */
async function replacedBy(folder: StateFolder): Promise<HitlessError | null> {
  const other = await controllerOf(folder.lock);
  if (other === null) return null;
  const message = `process ${other.pid} took over and is the controller of ${folder.appDir}`;
  return new HitlessError("CONTROLLER_RUNNING", message, {
    next: "Talk to it with `hitless status`.",
  });
}

function silent(said: string, log: string): HitlessError {
  const message = `the controller ended at once; it said: ${said.trim()}`;
  return new HitlessError("INTERNAL", message, { next: `See ${log}.` });
}
