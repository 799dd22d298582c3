import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** Everything below a folder: path → kind, size, content and time of the last change. */
export type FolderSnapshot = ReadonlyMap<string, string>;

/** The controller's sign of life: its time grows every 2 s, its content must not change. */
const signOfLife = ".hitless/controller.json";

/** Says of refused commands that they were refused: what counts is what it says was accepted. */
const auditLog = ".hitless/audit.jsonl";

/**
 * Reads a whole folder. Its own time is left out: the test writes the app file into it. What goes while
 * it is read is not there: where something is written, its new content differs as well.
 */
export async function snapshotOf(root: string): Promise<FolderSnapshot> {
  const names = await readdir(root, { recursive: true });
  const entries = names.map(
    async (name) => [name, await describe(root, name).catch(gone)] as const,
  );
  const found = await Promise.all(entries);
  return new Map(found.flatMap(([name, text]) => (text === null ? [] : [[name, text] as const])));
}

function gone(thrown: NodeJS.ErrnoException): null {
  if (thrown.code === "ENOENT") return null;
  throw thrown;
}

/** One line for each path that came, went or differs. */
export function differences(before: FolderSnapshot, after: FolderSnapshot): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${before.get(name) ?? "absent"} → ${after.get(name) ?? "absent"}`);
}

async function describe(root: string, name: string): Promise<string> {
  const path = join(root, name);
  const found = await lstat(path, { bigint: true });
  if (name === auditLog) return `audit log: ${await acceptedIn(path)}`;
  const time = name === signOfLife ? "" : ` at ${found.mtimeNs}`;
  const kind = `${found.mode.toString(8)} ${found.size}${time}`;
  if (found.isSymbolicLink()) return `link ${kind} ${await readlink(path)}`;
  if (!found.isFile()) return `folder ${kind}`;
  return `file ${kind} ${createHash("sha256")
    .update(await readFile(path))
    .digest("hex")}`;
}

async function acceptedIn(path: string): Promise<string> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.filter((line) => !line.includes('"result":{"kind":"refused"')).join("\n");
}
