import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** The folder that has a lock file of its own: nobody else needs what is in it. */
const folder = import.meta.dirname;

/** Installs the libraries that the contenders use, unless that was done since they last changed. */
export async function installPeers(tell: (line: string) => void): Promise<void> {
  const stamp = join(folder, "node_modules", ".package-lock.json");
  const lock = join(folder, "package-lock.json");
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return;
  tell("Installing the libraries to compare with …");
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
  const child = spawn("npm", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const code = await new Promise((done, failed) => {
    child.once("error", failed);
    child.once("exit", done);
  });
  if (code !== 0) throw new Error(`npm ci in ${folder} ended with ${code}`);
}
