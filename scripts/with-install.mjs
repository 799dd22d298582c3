// The fresh-machine path: `node scripts/with-install.mjs COMMAND [args]` installs what
// package-lock.json names when it is not there yet, then runs COMMAND from node_modules/.bin.
// `tsx FILE [args]` runs a TypeScript file from source. Imports nothing that must be installed.
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const nodeFloor = { major: 20, minor: 19 };

refuseOldNode();
const [name, ...args] = process.argv.slice(2);
if (name === undefined) refuse("Usage: node scripts/with-install.mjs COMMAND [args]");
const file = join(root, "node_modules", ".bin", name);
await install();
await build();
process.exitCode = await run(command());

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > nodeFloor.major || (major === nodeFloor.major && minor >= nodeFloor.minor)) return;
  refuse(
    `Hitless needs Node ${nodeFloor.major}.${nodeFloor.minor} or newer; this is ${process.versions.node}. ` +
      "Install a newer one from https://nodejs.org and run the command again.",
  );
}

async function install() {
  if (!isStale()) return;
  const started = Date.now();
  console.error("Installing dependencies from package-lock.json …");
  // `--include=dev`, because NODE_ENV=production would leave out what tests and proofs need.
  const ciArgs = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await run({ file: "npm", args: ciArgs, stdio: ["ignore", "ignore", 2] });
  if (code !== 0) {
    console.error("`npm ci` failed; its reason is above. Nothing else was run.");
    process.exit(code);
  }
  console.error(`Installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

/** What cannot be compiled runs from source, only more slowly. */
async function build() {
  const code = await run({ file: process.execPath, args: [join(root, "scripts", "build.mjs")] });
  if (code > 128) process.exit(code);
}

/**
 * npm writes its own lock file into node_modules last: missing or older means unfinished or
 * outdated. Without the command, an install left out what tests and proofs need.
 */
function isStale() {
  const stamp = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(stamp) || !existsSync(file)) return true;
  return statSync(stamp).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs;
}

function command() {
  if (!existsSync(file)) refuse(`No command \`${name}\` in node_modules/.bin.`);
  return name === "tsx"
    ? { file: process.execPath, args: [...fromSource(), ...args] }
    : { file, args };
}

/** The loader is named by absolute URL, so that it is ours from whatever folder we are called. */
function fromSource() {
  const loader = pathToFileURL(join(root, "node_modules", "tsx", "dist", "loader.mjs"));
  return ["--conditions=@hitless/source", "--import", loader.href];
}

/** Runs to the end; the exit code as a shell gives it, 128 + signal for a death by signal. */
function run({ file, args, stdio = "inherit" }) {
  const path = [dirname(process.execPath), process.env.PATH].filter(Boolean).join(delimiter);
  const child = spawn(file, args, { cwd: root, stdio, env: { ...process.env, PATH: path } });
  const stopForwarding = forwardSignals(child);
  return new Promise((done) => {
    child.once("error", (error) => {
      stopForwarding();
      console.error(`Cannot run ${file}: ${error.message}`);
      done(127);
    });
    child.once("close", (code, signal) => {
      stopForwarding();
      done(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** A terminal sends Ctrl-C to the whole group itself; a second SIGINT would mean "now, unclean". */
function forwardSignals(child) {
  const listeners = ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => {
    const fromTerminal = signal === "SIGINT" && process.stdin.isTTY;
    return [signal, () => fromTerminal || child.kill(signal)];
  });
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

function refuse(sentence) {
  console.error(sentence);
  process.exit(2);
}
