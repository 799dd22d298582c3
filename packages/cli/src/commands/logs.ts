import type { ControllerClient } from "@hitless/controller";
import { HitlessError, type LogQuery } from "@hitless/core";
import { Command } from "commander";
import { type FileOption, instant, wholeNumber } from "../options.ts";
import { withController } from "../place.ts";

/** For the last line of one replica. */
const logTimeoutMs = 10_000;

interface LogsOptions extends FileOption {
  readonly follow?: boolean;
  readonly revision?: number;
  readonly replica?: string;
  readonly tail?: number;
  /** Epoch ms. */
  readonly since?: number;
}

/** `hitless logs [-f]`: `-f` follows here, as everywhere; the app file is `--file`. */
export function logsCommand(): Command {
  return new Command("logs")
    .description("What replicas wrote to standard output and error.")
    .option("-f, --follow", "go on with what comes")
    .option("--file <file>", "the app file")
    .option("--revision <number>", "of this revision only", wholeNumber)
    .option("--replica <id>", "of this replica only")
    .option("--tail <lines>", "only the last lines", wholeNumber)
    .option("--since <time>", "what was written since, e.g. 30s, 1h or 2026-11-21T10:00", (text) =>
      instant(text, Date.now()),
    )
    .action(printLogs);
}

async function printLogs(options: LogsOptions): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  await withController(options.file, async (client) => {
    let told = 0;
    try {
      const lines = client.logs(queryOf(options), stop.signal);
      for await (const line of lines) {
        told += 1;
        // As the app wrote it: its colours are its own.
        process.stdout.write(`${line.replica} | ${line.text}\n`);
      }
      if (told === 0) await refuseUnknown(client, options);
    } catch (thrown) {
      if (!stop.signal.aborted) throw thrown;
    }
  });
}

function queryOf(options: LogsOptions): LogQuery {
  const { revision, replica, since, tail, follow } = options;
  return {
    revision: revision ?? null,
    replica: replica ?? null,
    since: since ?? null,
    tail: tail ?? null,
    follow: follow ?? false,
  };
}

/** Silence about a replica that nobody knows would look like an app that says nothing. */
async function refuseUnknown(client: ControllerClient, options: LogsOptions): Promise<void> {
  const { replica } = options;
  if (replica === undefined) return;
  const { replicas } = await client.status();
  if (replicas.some(({ id }) => id === replica)) return;
  const anything = { ...queryOf({ replica }), tail: 1 };
  // One that is gone and was silent of late is known all the same.
  for await (const _ of client.logs(anything, AbortSignal.timeout(logTimeoutMs))) return;
  const known = replicas.map(({ id }) => id).join(", ");
  throw new HitlessError("BAD_INPUT", `there is no log of a replica ${replica}`, {
    next: `Running are: ${known || "none"}. See \`hitless status\`.`,
  });
}
