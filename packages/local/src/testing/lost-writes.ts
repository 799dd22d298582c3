import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type App, armFailpoints, type ReleaseRecord } from "@hitless/core";
import { FileStore } from "../state/file-store.ts";
import { mendState } from "../state/mend-state.ts";
import { createState, locateState, type StateFolder } from "../state/state-folder.ts";
import { carryOutCall, type StoreCall } from "./state-history.ts";

/** What came of losing writes one by one. */
export interface LossReport {
  /** Single changes of one file: renames and lines. */
  readonly writes: number;
  /** Folders that lacked exactly one of them. */
  readonly folders: number;
  readonly faults: readonly string[];
}

/** The files of a state folder by their path in it. */
type Snapshot = ReadonlyMap<string, Buffer>;

interface Write {
  readonly path: string;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

interface Truth {
  readonly app: App | null;
  readonly history: readonly ReleaseRecord[];
}

/** So many writes follow the lost one; the last: all. */
const laterWrites = [0, 1, 2, 5, Number.POSITIVE_INFINITY];

/**
 * Makes the calls on a store, and loses each single write as a power cut may: the file is as it was
 * before, or absent, while what was written later is there. What is then loaded has to be what was
 * current before or after that write, and a row of history that is gone has to be told.
 */
export async function loseEveryWrite(
  appDir: string,
  calls: readonly StoreCall[],
): Promise<LossReport> {
  const writes = await writesOf(appDir, calls);
  const scratch = join(appDir, "scratch");
  const truths = new Map<Snapshot, Truth>();
  for (const snapshot of [writes[0]?.before, ...writes.map((write) => write.after)]) {
    if (snapshot !== undefined) truths.set(snapshot, await truthIn(scratch, snapshot));
  }
  const faults: string[] = [];
  let folders = 0;
  for (const [index, lost] of writes.entries()) {
    for (const later of laterWrites) {
      const last = writes[Math.min(index + later, writes.length - 1)] ?? lost;
      const allowed = later === 0 ? [lost.before, lost.after] : [last.after];
      const what = `write ${index + 1} (${lost.path}) lost, ${later} writes later`;
      const expected = allowed.map((snapshot) => truths.get(snapshot));
      const fault = await faultOf(scratch, without(lost, last.after), expected);
      if (fault !== null) faults.push(`${what}: ${fault}`);
      folders += 1;
    }
  }
  rmSync(scratch, { recursive: true, force: true });
  return { writes: writes.length, folders, faults };
}

async function writesOf(appDir: string, calls: readonly StoreCall[]): Promise<readonly Write[]> {
  const folder = await locateState(appDir);
  await createState(folder);
  const store = new FileStore(folder);
  const writes: Write[] = [];
  let before = snapshotOf(folder);
  armFailpoints((name) => {
    if (name !== "file-renamed" && name !== "line-appended") return undefined;
    const after = snapshotOf(folder);
    for (const [path, bytes] of after) {
      if (before.get(path)?.equals(bytes) !== true) writes.push({ path, before, after });
    }
    before = after;
    return undefined;
  });
  try {
    for (const call of calls) await carryOutCall(store, call);
  } finally {
    armFailpoints(null);
  }
  return writes;
}

/** The later snapshot with one file as if that write had never been. */
function without({ path, before, after }: Write, later: Snapshot): Snapshot {
  const [old, written, present] = [before, after, later].map((each) => each.get(path));
  const lacking = new Map(later);
  if (path.endsWith(".jsonl") && written !== undefined && present !== undefined) {
    lacking.set(path, Buffer.concat([old ?? Buffer.of(), present.subarray(written.length)]));
  } else if (present?.equals(written ?? Buffer.of())) {
    if (old === undefined) lacking.delete(path);
    else lacking.set(path, old);
  }
  return lacking;
}

async function faultOf(
  dir: string,
  snapshot: Snapshot,
  expected: readonly (Truth | undefined)[],
): Promise<string | null> {
  const folder = await laidOut(dir, snapshot);
  const damage = await mendState(folder);
  const { app, history } = await truthOf(folder);
  const wanted = expected.find((truth) => isDeepStrictEqual(truth?.app, app));
  if (wanted === undefined) return "the app is none that was current";
  if (new Set(history.map((row) => row.id)).size !== history.length) return "a row came twice";
  const told = damage.some((text) => text.includes("releases that have ended"));
  const whole = expected.some((truth) => isDeepStrictEqual(truth?.history, history));
  return whole || told ? null : `history has ${history.length} rows, and nothing is said`;
}

async function truthIn(dir: string, snapshot: Snapshot): Promise<Truth> {
  return truthOf(await laidOut(dir, snapshot));
}

async function truthOf(folder: StateFolder): Promise<Truth> {
  const store = new FileStore(folder);
  return { app: await store.load(), history: await store.history() };
}

async function laidOut(dir: string, snapshot: Snapshot): Promise<StateFolder> {
  rmSync(dir, { recursive: true, force: true });
  for (const [path, bytes] of snapshot) {
    const target = join(dir, ".hitless", path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  mkdirSync(dir, { recursive: true });
  return locateState(dir);
}

function snapshotOf({ root }: StateFolder): Snapshot {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (path) => !path.includes(".tmp-") && statSync(join(root, path)).isFile(),
  );
  return new Map(paths.map((path) => [path, readFileSync(join(root, path))]));
}
