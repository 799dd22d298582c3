import { constants } from "node:os";
import { counted, HitlessError } from "@hitless/core";
import { type CertifyOptions, certify, type Dependency, type Front, fronts } from "@hitless/load";
import { Command, InvalidArgumentError, Option } from "commander";
import { paintFor } from "../live/paint.ts";
import { duration, wholeNumber } from "../options.ts";
import { progress, say, sayJson } from "../output.ts";
import { firstWord, isCommand } from "../preflight/command-word.ts";
import { renderCertificate } from "../render/render-certificate.ts";

interface CertifyFlags {
  readonly command?: string;
  readonly behind: Front;
  readonly path?: string;
  readonly readyPath?: string;
  readonly healthPath?: string;
  readonly startupPath?: string;
  readonly postPath?: string;
  readonly slowPath?: string;
  readonly ssePath?: string;
  readonly wsPath?: string;
  readonly dependency?: readonly Dependency[];
  readonly port?: number;
  readonly rate: number;
  /** Milliseconds, as all times here. */
  readonly drainDelay?: number;
  readonly grace: number;
  readonly startTimeout: number;
  readonly json?: boolean;
}

const usualWidth = 80;

/** `hitless certify --command CMD`: exit code 6 when an item fails. */
export function certifyCommand(): Command {
  const command = new Command("certify")
    .description(
      "Test an app in any language from outside: how it starts, drains and stops. Each item with evidence and the fix.",
    )
    // Not mandatory to commander, which would miss it before it names an option that it does not know.
    .option("--command <cmd>", "starts the app, by a shell; PORT and HOST tell it where to listen")
    .addOption(
      new Option("--behind <front>", "who routes requests to it")
        .choices([...fronts])
        .default("kubernetes"),
    )
    .allowExcessArguments();
  return withTimes(withPaths(command))
    .option("--json", "for machines")
    .action((flags: CertifyFlags) => runCertify(flags, appOf(flags, command)));
}

function withPaths(command: Command): Command {
  return command
    .option("--path <path>", "an ordinary request, answered 2xx (default /)")
    .option(
      "--ready-path <path>",
      "readiness (default: /ready and its usual names, if one answers)",
    )
    .option("--health-path <path>", "liveness (default: /health and its usual names)")
    .option("--startup-path <path>", "startup (default: /startup and its usual names)")
    .option("--post-path <path>", "takes any POST (default: the ordinary path, if it does)")
    .option("--slow-path <path>", "a GET whose answer takes a second or more")
    .option("--sse-path <path>", "server-sent events")
    .option("--ws-path <path>", "a WebSocket")
    .option(
      "--dependency <name=address>",
      "cut it for a while; the variable NAME gets a relay's address instead (repeatable)",
      dependency,
    );
}

function withTimes(command: Command): Command {
  return command
    .option(
      "--drain-delay <time>",
      "how long requests still come after SIGTERM (default 3s; 0 behind hitless)",
      duration,
    )
    .addOption(
      new Option("--grace <time>", "from SIGTERM to SIGKILL")
        .argParser(duration)
        .default(30_000, "30s"),
    )
    .addOption(
      new Option("--start-timeout <time>", "how long it may take to be ready")
        .argParser(duration)
        .default(30_000, "30s"),
    )
    .option("--port <port>", "the port it listens on, if PORT does not tell it", wholeNumber)
    .option("--rate <n>", "requests per second of the load", wholeNumber, 100);
}

/** What starts the app. Ends with wrong usage for words outside options, and without any. */
function appOf(flags: CertifyFlags, command: Command): string {
  const [word] = command.args;
  if (word !== undefined) {
    const quoted = "the app's command stands in quotes: --command 'node server.js'";
    command.error(`error: unexpected argument '${word}': ${quoted}`);
  }
  return flags.command ?? command.error("error: required option '--command <cmd>' not specified");
}

async function runCertify(flags: CertifyFlags, app: string): Promise<void> {
  await checkCommand(app);
  // The exit of this process kills every process group that was started; a signal's own does not.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  const found = await certify(optionsOf(flags, app));
  if (flags.json) sayJson(found);
  else {
    const width = process.stdout.columns ?? usualWidth;
    say(renderCertificate(found, { width, paint: paintFor(process.stdout, process.env) }));
  }
  const wrong = found.items.filter(({ verdict }) => verdict === "fail");
  if (wrong.length === 0) return;
  const names = wrong.map(({ id }) => id).join(", ");
  throw new HitlessError(
    "NOT_CERTIFIED",
    `${wrong.length} of ${counted(found.items.length, "item")} failed: ${names}`,
  );
}

function optionsOf(flags: CertifyFlags, app: string): CertifyOptions {
  const { path, readyPath, healthPath, startupPath, postPath, slowPath, ssePath, wsPath } = flags;
  return {
    command: app,
    behind: flags.behind,
    drainDelayMs: flags.drainDelay,
    port: flags.port,
    graceMs: flags.grace,
    startTimeoutMs: flags.startTimeout,
    rate: flags.rate,
    dependencies: flags.dependency ?? [],
    paths: {
      path,
      ready: readyPath,
      health: healthPath,
      startup: startupPath,
      post: postPath,
      slow: slowPath,
      sse: ssePath,
      webSocket: wsPath,
    },
    tell: progress,
  };
}

/** Gathers `--dependency NAME=address`. */
function dependency(text: string, before: readonly Dependency[] = []): readonly Dependency[] {
  const [, variable, address] = /^([A-Za-z_]\w*)=(.+)$/.exec(text) ?? [];
  if (variable === undefined || address === undefined) {
    throw new InvalidArgumentError("write NAME=host:port, e.g. DATABASE_URL=127.0.0.1:5432");
  }
  return [...before, { variable, address }];
}

async function checkCommand(command: string): Promise<void> {
  const word = firstWord(command);
  if (word === null || (await isCommand(word, process.cwd()))) return;
  throw new HitlessError("COMMAND_NOT_FOUND", `--command runs ${word}, which is not in PATH`, {
    next: `Install it, or write its path; ${process.cwd()} is the folder it is run in.`,
  });
}
