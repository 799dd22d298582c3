import { spawn } from "node:child_process";
import { open, readFile, stat } from "node:fs/promises";
import { ControllerClient } from "@hitless/controller";
import { allErrorCodes, HitlessError } from "@hitless/core";
import { createState } from "@hitless/local";
import { type Place, stateOf } from "../place.ts";

/** How long a controller may take until it answers, ms: capturing a large folder is part of it. */
const answersWithinMs = 120_000;
const lookEveryMs = 50;

/** Starts a controller in the background; resolves when it answers. Throws what it ended with. */
export async function detach(place: Place, takeOver: boolean): Promise<void> {
  const folder = await stateOf(place);
  await createState(folder);
  const before = (await stat(folder.controllerLog).catch(() => null))?.size ?? 0;
  const log = await open(folder.controllerLog, "a", 0o600);
  const flags = ["up", "--daemon", "--file", place.appFile, ...(takeOver ? ["--take-over"] : [])];
  const [script = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, ...flags], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", () => resolve(1));
  });
  const client = new ControllerClient(folder.sockets.control);
  try {
    await answering(client, { ended, log: folder.controllerLog, before, pid: child.pid });
  } finally {
    child.unref();
    await client.close();
    await log.close();
  }
}

interface Starting {
  readonly ended: Promise<number | null>;
  readonly log: string;
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
  throw lastWords(
    (await readFile(starting.log)).subarray(starting.before).toString("utf8"),
    starting.log,
  );
}

/** The error that the controller printed before it ended, as if it were ours. */
function lastWords(text: string, log: string): HitlessError {
  const found = /^error (\w+): ([\s\S]*?)(?:\n {2}→ (.*))?\n?$/m.exec(text);
  const code = allErrorCodes.find((c) => c === found?.[1]) ?? "INTERNAL";
  const message = found?.[2] ?? `the controller ended at once; it said: ${text.trim()}`;
  return new HitlessError(code, message, { next: found?.[3] ?? `See ${log}.` });
}
