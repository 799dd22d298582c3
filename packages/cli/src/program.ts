import { Command } from "commander";
import { abortCommand } from "./commands/abort.ts";
import { downCommand } from "./commands/down.ts";
import { eventsCommand } from "./commands/events.ts";
import { historyCommand } from "./commands/history.ts";
import { loadCommand } from "./commands/load.ts";
import { logsCommand } from "./commands/logs.ts";
import { pauseCommand } from "./commands/pause.ts";
import { planCommand } from "./commands/plan.ts";
import { releaseCommand } from "./commands/release.ts";
import { restartCommand } from "./commands/restart.ts";
import { resumeCommand } from "./commands/resume.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { scaleCommand } from "./commands/scale.ts";
import { statusCommand } from "./commands/status.ts";
import { upCommand } from "./commands/up.ts";
import { validateCommand } from "./commands/validate.ts";
import { whyCommand } from "./commands/why.ts";

/** The whole command line. One file per command in `commands/`. */
export function buildProgram(): Command {
  const program = new Command("hitless")
    .description("Release a service and its database change together, without dropping a request.")
    .enablePositionalOptions();
  const commands = [
    validateCommand(),
    planCommand(),
    upCommand(),
    downCommand(),
    releaseCommand(),
    rollbackCommand(),
    restartCommand(),
    scaleCommand(),
    pauseCommand(),
    resumeCommand(),
    abortCommand(),
    statusCommand(),
    whyCommand(),
    historyCommand(),
    eventsCommand(),
    logsCommand(),
    loadCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  // Commander ends with 1 on wrong usage; ours is 2, and 1 is left to our own faults.
  for (const command of [program, ...commands]) {
    const help = command === program ? "hitless --help" : `hitless ${command.name()} --help`;
    command
      .exitOverride()
      .showHelpAfterError(`  → See \`${help}\`.`)
      .configureOutput({ outputError: writeUsageError });
  }
  return program;
}

/** Commander's own sentences, in the form of our errors. */
function writeUsageError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, "error BAD_USAGE: "));
}
