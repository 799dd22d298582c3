import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../app-bed.ts";
import { OwnFolder } from "../own-folder.ts";
import { runProgram } from "./run-program.ts";

/** A Node to run programs with. */
export interface NodeBinary {
  readonly version: string;
  readonly path: string;
}

/** The oldest one that the package promises to run on, and the newest of the two lines after it. */
export const nodeVersions = ["20.19.0", "22.23.3", "24.21.0"] as const;

/** About 110 MB for each; what is no longer wanted goes. */
const cache = join(repository, "node_modules/.cache/hitless-nodes");

/**
 * Fetches what is not there yet, from npm's packages of Node.
 *
 * @throws Error when npm cannot fetch it.
 */
export async function nodeBinaries(tell: (line: string) => void): Promise<readonly NodeBinary[]> {
  await mkdir(cache, { recursive: true });
  const wanted = nodeVersions.map((version) => ({ version, path: join(cache, `node-${version}`) }));
  const paths = wanted.map(({ path }) => path);
  const stale = (await readdir(cache)).map((name) => join(cache, name));
  for (const path of stale.filter((each) => !paths.includes(each))) {
    await rm(path, { recursive: true, force: true });
  }
  for (const each of wanted) {
    if (existsSync(each.path)) continue;
    tell(`fetching Node ${each.version}, about 45 MB`);
    await fetchNode(each);
  }
  return wanted;
}

/** With a cache of its own: npm would keep the tarballs for ever. */
async function fetchNode({ version, path }: NodeBinary): Promise<void> {
  await using folder = new OwnFolder("hitless-node-", { parent: cache });
  const place = {
    cwd: folder.path,
    env: { ...folder.env, npm_config_cache: join(folder.path, "npm") },
  };
  const name = `node-${process.platform}-${process.arch}`;
  const packed = await runProgram(["npm", "pack", "--silent", `${name}@${version}`], place);
  if (packed.code !== 0) {
    const code = /npm error code (\S+)/.exec(packed.stderr)?.[1] ?? `exit code ${packed.code}`;
    throw new Error(
      `npm could not fetch ${name}@${version} (${code}): is its registry within reach? npm ping tells`,
    );
  }
  const tarball = `${name}-${version}.tgz`;
  const unpacked = await runProgram(["tar", "-xzf", tarball, "package/bin/node"], place);
  if (unpacked.code !== 0) throw new Error(`${tarball}: ${unpacked.stderr.trim()}`);
  await rename(join(folder.path, "package/bin/node"), path);
}
