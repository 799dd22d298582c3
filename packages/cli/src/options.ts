import { HitlessError } from "@hitless/core";
import { mostWorkers } from "@hitless/proxy";
import { type Command, InvalidArgumentError } from "commander";

/** `-f FILE` of every command. */
export interface FileOption {
  readonly file?: string;
}

/** `--wait` and `--timeout` of commands that move a release. */
export interface WaitOptions {
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

export function withFile(command: Command): Command {
  return command.option("-f, --file <file>", "the app file", undefined);
}

/** `-f` and `--json` of a command that changes something. */
export function withAnswer(command: Command): Command {
  return withFile(command).option("--json", "say on standard output what it came to, for machines");
}

/** Those, and which release is meant. */
export function withIntentOptions(command: Command): Command {
  return withAnswer(command).option(
    "--release <number>",
    "refuse unless it is this one that is meant; without it, the newest one",
    wholeNumber,
  );
}

export function withWait(command: Command): Command {
  return command
    .option("--wait", "stay until the release has ended; the exit code says how")
    .option(
      "--timeout <time>",
      "stop waiting after this long, e.g. 5m (the release goes on)",
      timeout,
    );
}

const longestMs = 500 * 3_600_000;

/** `90s`, `5m`, `1h`, `250ms` in milliseconds. */
export function duration(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const unit = units[found?.[2] ?? ""];
  if (unit === undefined) throw new InvalidArgumentError("write it as 250ms, 90s, 5m or 1h");
  return Number(found?.[1]) * unit;
}

/** Like `duration`, for what a timer waits for: one that is told to wait longer ends at once. */
export function timeout(text: string): number {
  const ms = duration(text);
  if (ms > longestMs) throw new InvalidArgumentError("write at most 500h");
  return ms;
}

/**
 * An instant, epoch ms: so long before `now` (`1h`, `30s`), or a date with or without a time
 * (`2026-11-21T10:00`, local unless it names its zone).
 */
export function instant(text: string, now: number): number {
  if (/^\d+(?:\.\d+)?[a-z]+$/.test(text)) return now - duration(text);
  const found = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const [, day = "", time = "T00:00", zone = ""] = found ?? [];
  const at = Date.parse(`${day}${time}${zone}`);
  // The language takes 31 February for the 3rd of March.
  const isDay = Number.isFinite(at) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  if (!isDay) {
    throw new InvalidArgumentError("write it as 30s, 1h, 2026-11-21 or 2026-11-21T10:00");
  }
  if (at > now) throw new InvalidArgumentError(`${text} lies in the future`);
  return at;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("write a whole number");
  return Number(text);
}

/** How many workers the proxy may have. */
export function workerCount(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostWorkers) {
    throw new InvalidArgumentError(`write a whole number from 1 to ${mostWorkers}`);
  }
  return count;
}

/** Gathers `--set KEY=VALUE`; a key twice: the last one counts. */
export function assignment(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("write KEY=VALUE, e.g. config.LOG_LEVEL=debug");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Refuses `--timeout` without `--wait`, which would mean nothing. */
export function checkWait(options: WaitOptions): void {
  if (options.timeout !== undefined && !options.wait) {
    throw new HitlessError("BAD_USAGE", "--timeout says how long to wait, but --wait is missing", {
      next: "Add --wait.",
    });
  }
}
