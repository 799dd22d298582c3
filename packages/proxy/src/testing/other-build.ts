import { appendFile, cp, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LineSocket } from "../line-socket.ts";
import { type Entry, ownEntry } from "../source-runtime.ts";
import { isRecord } from "../table.ts";
import { type Cleanup, temporaryFolder } from "./proxy-harness.ts";

const source = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The holder of a copy of this proxy whose code is another one by a comment, and by these files. */
export async function otherBuild(
  cleanup: Cleanup,
  files: Readonly<Record<string, string>> = {},
): Promise<Entry> {
  const folder = await temporaryFolder(cleanup);
  await cp(source, join(folder, "src"), { recursive: true });
  await symlink(resolve(source, "../../../node_modules"), join(folder, "node_modules"));
  await appendFile(join(folder, "src", "table.ts"), "// Another build.\n");
  for (const [path, text] of Object.entries(files)) {
    await writeFile(join(folder, "src", path), text);
  }
  await appendFile(join(folder, "package.json"), '{ "type": "module" }\n');
  return { ...ownEntry("holder/holder-main"), path: join(folder, "src/holder/holder-main.ts") };
}

/** Asks the holder to give way to that one; null when it did, else why it did not. */
export async function upgradeTo(socketPath: string, entry: Entry): Promise<string | null> {
  const socket = await LineSocket.connect(socketPath);
  if (socket === null) throw new Error(`nobody listens on ${socketPath}`);
  const answered = new Promise<string | null>((done) => {
    socket.onMessage((message) => {
      if (!isRecord(message) || message["id"] !== 1) return;
      done(message["kind"] === "done" ? null : String(message["message"]));
    });
  });
  socket.send({ id: 1, kind: "upgrade", entry });
  const answer = await answered;
  socket.destroy();
  return answer;
}
