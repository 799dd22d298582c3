import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, realpath } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { HitlessError } from "@hitless/core";
import { z } from "zod";
import { readIfPresent, writeFileAtomic } from "./atomic-file.ts";
import { explainDisk } from "./disk-fault.ts";
import { newestSchema, opened } from "./versioned.ts";

/** Where everything of one app lies: `.hitless/` beside its app file, sockets elsewhere. */
export interface StateFolder {
  readonly root: string;
  readonly appDir: string;
  readonly app: string;
  readonly revisions: string;
  readonly history: string;
  readonly events: string;
  readonly audit: string;
  readonly engine: string;
  readonly lock: string;
  readonly artifacts: string;
  /** One checked-out artifact per revision. */
  readonly checkouts: string;
  /** Folders named in `persist`, which outlive revisions. */
  readonly persist: string;
  readonly logs: string;
  /** What controllers decided on what, one file per start, when `--record` is given. */
  readonly traces: string;
  readonly proxy: string;
  readonly controllerLog: string;
  readonly sockets: { readonly control: string; readonly proxy: string };
}

/** Socket paths are limited to 108 bytes by the kernel, the closing zero included. */
const longestSocketPath = 107;

/** The paths of an app's state, without touching the disk beyond resolving `appDir`. */
export async function locateState(appDir: string): Promise<StateFolder> {
  const real = await realpath(appDir);
  const root = join(real, ".hitless");
  const sockets = join(socketRoot(), createHash("sha256").update(root).digest("hex").slice(0, 16));
  const control = join(sockets, "control.sock");
  if (Buffer.byteLength(control) > longestSocketPath) {
    throw new HitlessError(
      "REFUSED",
      `the socket path ${control} is longer than the kernel allows`,
      {
        next: "Set XDG_RUNTIME_DIR or TMPDIR to a shorter path.",
      },
    );
  }
  return {
    root,
    appDir: real,
    app: join(root, "app.json"),
    revisions: join(root, "revisions"),
    history: join(root, "history.jsonl"),
    events: join(root, "events.jsonl"),
    audit: join(root, "audit.jsonl"),
    engine: join(root, "engine.json"),
    lock: join(root, "controller.json"),
    artifacts: join(root, "artifacts"),
    checkouts: join(root, "checkouts"),
    persist: join(root, "persist"),
    logs: join(root, "logs"),
    traces: join(root, "traces"),
    proxy: join(root, "proxy"),
    controllerLog: join(root, "controller.log"),
    sockets: { control, proxy: join(sockets, "proxy.sock") },
  };
}

/** Makes the folders, readable by their owner alone, and notes where the sockets are. */
export async function createState(folder: StateFolder): Promise<void> {
  const own = [folder.revisions, folder.artifacts, folder.persist, folder.logs, folder.proxy];
  // Replicas of another `user` run below these two: they may pass through, and list nothing.
  for (const dir of [folder.root, folder.checkouts]) await ownFolder(dir, 0o711);
  for (const dir of own) await ownFolder(dir, 0o700);
  for (const dir of [socketRoot(), join(folder.sockets.control, "..")]) {
    await explainDisk(dir, () => mkdir(dir, { recursive: true, mode: 0o700 }));
    await refuseForeign(dir);
    await ownFolder(dir, 0o700);
  }
  await noteSockets(join(folder.root, "sockets.json"), folder.sockets);
}

const socketsShape = z.object({ control: z.string(), proxy: z.string() });

/** For people and their tools: we read it never, so it is replaced whatever it holds, unless a newer Hitless wrote it. */
async function noteSockets(path: string, sockets: StateFolder["sockets"]): Promise<void> {
  const text = `${JSON.stringify({ schema: newestSchema, ...sockets }, null, 2)}\n`;
  const known = await readIfPresent(path);
  if (known !== undefined) opened(known, socketsShape, path);
  if (known?.toString() !== text) await writeFileAtomic(path, text);
}

function socketRoot(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "hitless");
  return join(tmpdir(), `hitless-${userInfo().uid}`);
}

async function ownFolder(dir: string, mode: number): Promise<void> {
  await explainDisk(dir, async () => {
    await mkdir(dir, { recursive: true, mode });
    await chmod(dir, mode);
  });
}

/** In a folder for everybody's temporary files somebody may have made ours first, or a link. */
async function refuseForeign(dir: string): Promise<void> {
  const found = await lstat(dir);
  if (!found.isDirectory() || found.uid !== userInfo().uid) throw foreign(dir);
}

function foreign(dir: string): HitlessError {
  return new HitlessError("REFUSED", `${dir} belongs to another user`, {
    next: "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
  });
}
