import { writeSync } from "node:fs";

/** Says something in `proxy.log`. Past the stream, which would end the process over a full disk. */
export function logLine(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // Nobody is left to be told.
  }
}
