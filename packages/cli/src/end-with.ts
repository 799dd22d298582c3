import { HitlessError } from "@hitless/core";
import { CommanderError } from "commander";

/** Tells what went wrong and sets the exit code that belongs to it (DESIGN §9). */
export function endWith(thrown: unknown): void {
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
    return;
  }
  const error = HitlessError.from(thrown);
  process.stderr.write(`${renderError(error)}\n`);
  process.exitCode = error.exitCode;
}

/** `error BAD_INPUT: what, with which value` and, on a line of its own, what to do next. */
export function renderError(error: HitlessError): string {
  const lines = [`error ${error.code}: ${error.message}`];
  if (error.next !== undefined) lines.push(`  → ${error.next}`);
  if (error.code === "INTERNAL" && error.cause instanceof Error && error.cause.stack) {
    lines.push(error.cause.stack);
  }
  return lines.join("\n");
}
