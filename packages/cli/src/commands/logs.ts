import type { ControllerClient } from "@hitless/controller";
import { HitlessError, type LogLine, type LogQuery } from "@hitless/core";
import { Command } from "commander";
import { type FileOption, instant, wholeNumber } from "../options.ts";
import { withController } from "../place.ts";

/** For the last line of each replica. */
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
    .option("--tail <lines>", "only the last lines of each replica", wholeNumber)
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

/** Silence about what nobody knows would look like an app that says nothing. */
async function refuseUnknown(client: ControllerClient, options: LogsOptions): Promise<void> {
  const { replica, revision } = options;
  if (replica === undefined && revision === undefined) return;
  const { replicas } = await client.status();
  if (replicas.some((r) => isMeant(options, { ...r, replica: r.id }))) return;
  // One that is gone and was silent of late is known all the same.
  const logs = await lastLines(client);
  if (logs.some((line) => isMeant(options, line))) return;
  const revisions = [...new Set(logs.map((l) => l.revision))].sort((a, b) => a - b).join(", ");
  const written =
    revisions === "" ? "No replica has written anything" : `Revisions with a log: ${revisions}`;
  const known = replicas.map(({ id }) => id).join(", ");
  throw new HitlessError("BAD_INPUT", `there is no log of ${nameOf(options)}`, {
    next: `${written}; running are ${known || "none"}. See \`hitless status\`.`,
  });
}

function isMeant(
  { replica, revision }: LogsOptions,
  line: Pick<LogLine, "replica" | "revision">,
): boolean {
  if (replica !== undefined && line.replica !== replica) return false;
  return revision === undefined || line.revision === revision;
}

/** One line of each replica that has ever written any, as far as it is kept. */
async function lastLines(client: ControllerClient): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  const last = client.logs({ ...queryOf({}), tail: 1 }, AbortSignal.timeout(logTimeoutMs));
  for await (const line of last) lines.push(line);
  return lines;
}

function nameOf({ replica, revision }: LogsOptions): string {
  if (replica === undefined) return `revision ${revision ?? "?"}`;
  return revision === undefined
    ? `a replica ${replica}`
    : `a replica ${replica} of revision ${revision}`;
}
