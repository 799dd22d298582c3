import { openSync, writeSync } from "node:fs";

let descriptor = 2;

/** Where this process logs, and what it starts. */
export function logDescriptor(): number {
  return descriptor;
}

/** Says something in `proxy.log`. Past the stream, which would end the process over a full disk. */
export function logLine(text: string): void {
  try {
    writeSync(descriptor, `${text}\n`);
  } catch {
    // Nobody is left to be told.
  }
}

/** Logs to that file from now on: the one so far was removed. */
export function reopenLog(path: string): void {
  try {
    descriptor = openSync(path, "a", 0o600);
  } catch {
    // Then as before, into the void.
  }
}
