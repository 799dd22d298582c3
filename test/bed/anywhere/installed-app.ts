import { copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../app-bed.ts";
import type { OwnFolder } from "../own-folder.ts";
import { runProgram } from "./run-program.ts";

/** `@hitless/app` as others get it: packed, and installed alone in a folder outside the repository. */
export interface InstalledApp {
  readonly tarball: string;
  /** Where it was installed; programs that are put there can import it. */
  readonly folder: string;
  /** `@hitless/app`, `@hitless/app/express`, ...: what programs can import. */
  readonly specifiers: readonly string[];
  /** Of its own files, unpacked. */
  readonly bytes: number;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** @throws Error when it cannot be built, packed or installed. */
export async function installApp(own: OwnFolder): Promise<InstalledApp> {
  const npm = (args: readonly string[], cwd: string) => npmRun(args, { cwd, own });
  const packed = join(own.path, "packed");
  const folder = join(own.path, "empty");
  await mkdir(packed);
  await mkdir(folder);
  const cwd = join(repository, "packages/app");
  await npm(["pack", "--pack-destination", packed], cwd);
  const [name = ""] = await readdir(packed);
  const tarball = join(packed, name);
  await npm(["install", "--ignore-scripts", "--no-save", "--no-package-lock", tarball], folder);
  const installed = join(folder, "node_modules/@hitless/app");
  const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const specifiers = Object.keys(manifest.exports)
    .filter((each) => each !== "./package.json")
    .map((each) => `@hitless/app${each.slice(1)}`);
  return { tarball, folder, specifiers, bytes: await bytesIn(installed), manifest };
}

/** What is wrong with what was installed, beside the package itself. */
export async function foreignParts({ folder, manifest }: InstalledApp): Promise<readonly string[]> {
  const beside = (await readdir(join(folder, "node_modules"))).filter(
    (each) => !each.startsWith("."),
  );
  const scope = await readdir(join(folder, "node_modules/@hitless"));
  const files = await readdir(join(folder, "node_modules/@hitless/app"), { recursive: true });
  const needed = ["dependencies", "optionalDependencies", "bundleDependencies"];
  const meta = Object(manifest["peerDependenciesMeta"] ?? {});
  const peers = Object.keys(Object(manifest["peerDependencies"] ?? {}));
  return [
    ...needed.filter((each) => each in manifest).map((each) => `the manifest has ${each}`),
    ...peers
      .filter((each) => meta[each]?.optional !== true)
      .map((each) => `${each} is no optional peer`),
    ...beside
      .filter((each) => each !== "@hitless")
      .map((each) => `${each} was installed beside it`),
    ...scope
      .filter((each) => each !== "app")
      .map((each) => `@hitless/${each} was installed beside it`),
    ...files
      .filter((each) => /\.test\.|\btesting\b|\.map$/.test(each))
      .map((each) => `it holds ${each}`),
  ];
}

/** Writes a program into a folder, for `import` as it is, for `require` with its imports rewritten. */
export async function placeProgram(app: InstalledApp, name: string): Promise<readonly string[]> {
  const source = join(repository, "test/bed/apps/anywhere", `${name}.js`);
  const [imports, requires] = ["mjs", "cjs"].map((ending) => join(app.folder, `${name}.${ending}`));
  if (imports === undefined || requires === undefined) return [];
  await copyFile(source, imports);
  const text = await readFile(source, "utf8");
  await writeFile(
    requires,
    text.replaceAll(/^import (.+) from (".+");$/gm, "const $1 = require($2);"),
  );
  return [imports, requires];
}

async function npmRun(
  args: readonly string[],
  { cwd, own }: { readonly cwd: string; readonly own: OwnFolder },
): Promise<void> {
  const env = { ...own.env, npm_config_cache: join(own.path, "npm"), npm_config_workspaces: "" };
  const flags = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, stderr } = await runProgram(["npm", ...args, ...flags], { cwd, env });
  if (code !== 0) throw new Error(`npm ${args[0]} ended with ${code}:\n${stderr.trim()}`);
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => each.isFile());
  const sizes = await Promise.all(
    files.map(async (each) => (await stat(join(each.parentPath, each.name))).size),
  );
  return sizes.reduce((sum, each) => sum + each, 0);
}
