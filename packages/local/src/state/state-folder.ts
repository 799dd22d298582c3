import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, realpath, rmdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HitlessError } from "@hitless/core";
import { z } from "zod";
import { ownUid } from "../processes/user-account.ts";
import { readIfPresent, writeFileAtomic } from "./atomic-file.ts";
import { explainDisk } from "./disk-fault.ts";
import { hasErrno } from "./errno.ts";
import { socketAnswers } from "./socket-answers.ts";
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
  /** Hooks that run as processes. */
  readonly hooks: string;
  /** What receivers are told of releases. */
  readonly notices: string;
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

/**
 * The paths of an app's state; nothing is made. The sockets are those that the folder names, while
 * somebody listens there, whatever `XDG_RUNTIME_DIR` says here; else those that it leads to.
 */
export async function locateState(appDir: string): Promise<StateFolder> {
  const real = await realpath(appDir);
  const root = join(real, ".hitless");
  const sockets = await socketsOf(root);
  return {
    root,
    appDir: real,
    app: join(root, "app.json"),
    revisions: join(root, "revisions"),
    history: join(root, "history.jsonl"),
    events: join(root, "events.jsonl"),
    audit: join(root, "audit.jsonl"),
    engine: join(root, "engine.json"),
    hooks: join(root, "hooks.json"),
    notices: join(root, "notices.json"),
    lock: join(root, "controller.json"),
    artifacts: join(root, "artifacts"),
    checkouts: join(root, "checkouts"),
    persist: join(root, "persist"),
    logs: join(root, "logs"),
    traces: join(root, "traces"),
    proxy: join(root, "proxy"),
    controllerLog: join(root, "controller.log"),
    sockets,
  };
}

async function socketsOf(root: string): Promise<StateFolder["sockets"]> {
  const note = await readNote(root);
  const noted = note !== null && (await isNoteOf(note, root)) ? note : null;
  const usual = socketsFor(root);
  if (noted?.control === usual.control) return usual;
  if (noted !== null && (await isListenedOn(noted))) {
    return { control: noted.control, proxy: noted.proxy };
  }
  // A note that nobody can read was written here all the same.
  if (note === null && (await stat(noteOf(root)).catch(() => null)) !== null) return usual;
  // Those of a folder that was here and was moved away with all that runs in it.
  return (await isListenedOn(usual)) ? socketsFor(`${root}#`) : usual;
}

async function isListenedOn({ control, proxy }: StateFolder["sockets"]): Promise<boolean> {
  return (await socketAnswers(control)) || (await socketAnswers(proxy));
}

function socketsFor(name: string): StateFolder["sockets"] {
  const dir = join(socketRoot(), createHash("sha256").update(name).digest("hex").slice(0, 16));
  const control = join(dir, "control.sock");
  if (Buffer.byteLength(control) > longestSocketPath) {
    throw new HitlessError(
      "REFUSED",
      `the socket path ${control} is longer than the kernel allows`,
      {
        next: "Set XDG_RUNTIME_DIR or TMPDIR to a shorter path.",
      },
    );
  }
  return { control, proxy: join(dir, "proxy.sock") };
}

const noteSchema = z.object({
  control: z.string(),
  proxy: z.string(),
  /** Where the folder was when it was written, and which it was: a copy has another inode. */
  root: z.string().optional(),
  inode: z.number().optional(),
});

/** Null without one, and for a damaged one, which is written anew. Throws STATE_UNREADABLE for a newer version's. */
async function readNote(root: string): Promise<z.infer<typeof noteSchema> | null> {
  const bytes = await readIfPresent(noteOf(root));
  if (bytes === undefined) return null;
  opened(bytes, noteSchema, noteOf(root));
  const note = noteSchema.safeParse(jsonOrNull(bytes.toString()));
  return note.success ? note.data : null;
}

/** A folder that was moved takes its note along; one that was copied has no part in the sockets. */
async function isNoteOf(note: z.infer<typeof noteSchema>, root: string): Promise<boolean> {
  return note.root === undefined || note.root === root || note.inode === (await inodeOf(root));
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => null))?.ino;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function noteOf(root: string): string {
  return join(root, "sockets.json");
}

/** Makes the folders, readable by their owner alone, and notes where the sockets are. */
export async function createState(folder: StateFolder): Promise<void> {
  const own = [folder.revisions, folder.artifacts, folder.persist, folder.proxy];
  // Replicas of another `user` run and leave receipts below these: they may pass through, and list nothing.
  for (const dir of [folder.root, folder.checkouts, folder.logs]) await ownFolder(dir, 0o711);
  for (const dir of own) await ownFolder(dir, 0o700);
  await refuseCopy(folder.root);
  await makeSocketFolder(folder);
}

/** Makes the folder of the sockets, for their owner alone, and notes where they are; again when it was removed. */
export async function makeSocketFolder({ root, sockets }: StateFolder): Promise<void> {
  const dir = dirname(sockets.control);
  for (const each of [dirname(dir), dir]) {
    await explainDisk(each, () => mkdir(each, { recursive: true, mode: 0o700 }));
    await refuseForeign(each);
    await ownFolder(each, 0o700);
  }
  const note = { schema: newestSchema, root, inode: await inodeOf(root), ...sockets };
  const text = `${JSON.stringify(note, null, 2)}\n`;
  const known = await readIfPresent(noteOf(root));
  if (known?.toString() !== text) await writeFileAtomic(noteOf(root), text);
}

/** Removes the folder of the sockets once nobody listens in it any more; one that is in use stays. */
export async function removeSocketFolder({ sockets }: StateFolder): Promise<void> {
  await rmdir(dirname(sockets.control)).catch((cause: unknown) => {
    if (!hasErrno(cause, "ENOTEMPTY") && !hasErrno(cause, "ENOENT")) throw cause;
  });
}

/** What runs belongs to the folder that this one was copied from: adopted twice, it would be stopped twice. */
async function refuseCopy(root: string): Promise<void> {
  const note = await readNote(root);
  if (note?.root === undefined || (await isNoteOf(note, root))) return;
  if ((await inodeOf(note.root)) !== note.inode) return;
  throw new HitlessError(
    "REFUSED",
    `${root} is a copy of ${note.root}, whose app it would take over`,
    {
      next: `Remove ${root}: then this folder is an app of its own.`,
    },
  );
}

function socketRoot(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "hitless");
  return join(tmpdir(), `hitless-${ownUid()}`);
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
  if (!found.isDirectory() || found.uid !== ownUid()) throw foreign(dir);
}

function foreign(dir: string): HitlessError {
  return new HitlessError("REFUSED", `${dir} belongs to another user`, {
    next: "Remove it, or set XDG_RUNTIME_DIR to a folder of your own.",
  });
}
