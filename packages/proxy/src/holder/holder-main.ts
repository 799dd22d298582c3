import { logLine } from "../log-line.ts";
import { readSettings } from "../process-settings.ts";
import { BindError, Holder } from "./holder.ts";
import type { StartReport } from "./start-report.ts";

/** How long the holder lets requests finish when it is told to end by a signal. */
const signalTimeoutMs = 10_000;

async function start(): Promise<void> {
  const settings = readSettings();
  const holder = new Holder(settings);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => holder.stop(signalTimeoutMs));
  }
  process.on("SIGHUP", () => undefined);
  const port = await holder.start();
  await report({ kind: "ready", port });
}

function report(message: StartReport): Promise<void> {
  return new Promise<void>((resolve) => {
    if (process.connected) process.send?.(message, undefined, {}, () => resolve());
    else resolve();
  }).then(() => {
    if (process.connected) process.disconnect();
  });
}

try {
  await start();
} catch (error) {
  const code = error instanceof BindError ? error.code : "FAILED";
  const message = error instanceof Error ? error.message : String(error);
  logLine(`holder ${process.pid}: ${message}`);
  await report({ kind: "failed", code, message });
  process.exit(1);
}
