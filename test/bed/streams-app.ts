import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { answersAt } from "./answers-at.ts";
import { freePort, repository, until } from "./app-bed.ts";
import type { OwnFolder } from "./own-folder.ts";

/** The app of `apps/streams`, from the repository's root. */
export const streamsScript = "test/bed/apps/streams/server.cjs";

/** That app on a port of its own, which says that it is of that revision. Ends with the folder. */
export async function startStreamsApp(
  folder: OwnFolder,
  revision: string,
): Promise<{ readonly port: number; readonly child: ChildProcess }> {
  const port = await freePort();
  const own = { PORT: String(port), HOST: "127.0.0.1", HITLESS_REVISION: revision };
  const child = spawn(process.execPath, [join(repository, streamsScript)], {
    cwd: folder.path,
    env: { ...process.env, ...folder.env, ...own },
    stdio: "ignore",
  });
  await until(() => answersAt(port), "the app with streams answers");
  return { port, child };
}
