import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { z } from "zod";

/** Every command by name, in the order of `--help`. A run loads only the one it was asked for. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  validate: async () => (await import("./commands/validate.ts")).validateCommand(),
  plan: async () => (await import("./commands/plan.ts")).planCommand(),
  up: async () => (await import("./commands/up.ts")).upCommand(),
  down: async () => (await import("./commands/down.ts")).downCommand(),
  release: async () => (await import("./commands/release.ts")).releaseCommand(),
  rollback: async () => (await import("./commands/rollback.ts")).rollbackCommand(),
  restart: async () => (await import("./commands/restart.ts")).restartCommand(),
  scale: async () => (await import("./commands/scale.ts")).scaleCommand(),
  pause: async () => (await import("./commands/pause.ts")).pauseCommand(),
  resume: async () => (await import("./commands/resume.ts")).resumeCommand(),
  promote: async () => (await import("./commands/promote.ts")).promoteCommand(),
  skip: async () => (await import("./commands/skip.ts")).skipCommand(),
  retry: async () => (await import("./commands/retry.ts")).retryCommand(),
  abort: async () => (await import("./commands/abort.ts")).abortCommand(),
  status: async () => (await import("./commands/status.ts")).statusCommand(),
  why: async () => (await import("./commands/why.ts")).whyCommand(),
  history: async () => (await import("./commands/history.ts")).historyCommand(),
  events: async () => (await import("./commands/events.ts")).eventsCommand(),
  audit: async () => (await import("./commands/audit.ts")).auditCommand(),
  freeze: async () => (await import("./commands/freeze.ts")).freezeCommand(),
  unfreeze: async () => (await import("./commands/freeze.ts")).unfreezeCommand(),
  maintenance: async () => (await import("./commands/maintenance.ts")).maintenanceCommand(),
  logs: async () => (await import("./commands/logs.ts")).logsCommand(),
  load: async () => (await import("./commands/load.ts")).loadCommand(),
  certify: async () => (await import("./commands/certify.ts")).certifyCommand(),
};

/**
 * The command line for these arguments: with the command they name, or with all of them when
 * they name none that is known, for the help and for the nearest name.
 */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("hitless")
    .description("Release a service without dropping a request.")
    .version(await ownVersion())
    .enablePositionalOptions();
  const [name = ""] = args;
  const asked = Object.hasOwn(commands, name) ? [name] : Object.keys(commands);
  const loaded = await Promise.all(asked.map((one) => commands[one]?.()));
  for (const command of [program, ...loaded]) {
    if (command === undefined) continue;
    if (command !== program) program.addCommand(command);
    const help = command === program ? "hitless --help" : `hitless ${command.name()} --help`;
    // Commander ends with 1 on wrong usage; ours is 2, and 1 is left to our own faults.
    command
      .exitOverride()
      .showHelpAfterError(`  → See \`${help}\`.`)
      .configureOutput({ outputError: writeUsageError });
  }
  return program;
}

async function ownVersion(): Promise<string> {
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

/** Commander's own sentences, in the form of our errors. */
function writeUsageError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, "error BAD_USAGE: "));
}
