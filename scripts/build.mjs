// `node scripts/build.mjs`: compiles each package to its dist folder, unless that is newer than all it
// is made of. A process that starts from there takes a third of the time that one from source takes:
// `bin/hitless` does, for as long as nothing was edited since. Types are `npm run check`'s concern.
// `--or-fail`: without a whole build the exit code is 1, for what is about to be packed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const packages = join(root, "packages");
/** Written last, as of when the build began: it says that the folders are whole. `bin/hitless` looks for it. */
const stamp = join(packages, "cli", "dist", "built");
const compiler = join(root, "node_modules", ".bin", "tsc");
const flags = ["--noCheck", "--composite", "false"].concat(
  ["declarationMap", "sourceMap"].flatMap((each) => [`--${each}`, "false"]),
);
const mustSucceed = process.argv.includes("--or-fail");

/** Without the compiler, which an install without devDependencies leaves out, there is nothing to do it with. */
if (existsSync(compiler)) await buildIfStale().catch(explain);
else if (mustSucceed) explain(new Error("the compiler is not installed; `npm ci` installs it"));

async function buildIfStale() {
  if (await isStale()) await build();
}

/** Of a folder that is somebody else's, or a full disk. */
function explain(error) {
  if (mustSucceed) process.exitCode = 1;
  const so = mustSucceed ? "" : "; `hitless` runs them as they are";
  console.error(`The sources were not compiled (${error.message})${so}.`);
}

/** As `bin/hitless` asks it. A folder is newer when a file in it has come or gone. */
async function isStale() {
  if (!existsSync(stamp)) return true;
  const names = await readdir(packages);
  const sources = names.flatMap((name) =>
    ["src", "package.json"].map((each) => join(packages, name, each)),
  );
  const found = spawnSync("find", [...sources, "-newer", stamp, "-print", "-quit"]);
  return found.status !== 0 || found.stdout.length > 0;
}

async function build() {
  const began = new Date();
  await rm(stamp, { force: true });
  const names = await readdir(packages);
  const codes = await Promise.all(names.map(compile));
  if (codes.some((code) => code !== 0)) throw new Error("the compiler refused them");
  await writeFile(stamp, "");
  await utimes(stamp, began, began);
}

/** Somewhere else first, so that no process finds half a file. */
async function compile(name) {
  const folder = join(packages, name);
  const fresh = join(root, "node_modules", `.hitless-build-${process.pid}-${name}`);
  // Not `mkdtemp`: others than who built may run it.
  await mkdir(fresh);
  try {
    const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const emit = manifest.private ? ["--declaration", "false"] : ["--emitDeclarationOnly"];
    const code = await run([...flags, ...emit, "-p", folder, "--outDir", fresh]);
    if (code !== 0) return code;
    if (!manifest.private) await bundleInto(fresh, folder, manifest);
    await rm(join(folder, "dist"), { recursive: true, force: true });
    await rename(fresh, join(folder, "dist"));
    return 0;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Only what is published needs the bundler, and only who has it can pack. */
async function bundleInto(fresh, folder, manifest) {
  const { bundlePublished } = await import("./bundle-published.mjs");
  await bundlePublished({ folder, manifest, dist: fresh });
}

function run(args) {
  return new Promise((done) => {
    const child = spawn(compiler, args, { cwd: root, stdio: ["ignore", 2, 2] });
    child.once("error", () => done(127));
    child.once("close", (code) => done(code ?? 1));
  });
}
