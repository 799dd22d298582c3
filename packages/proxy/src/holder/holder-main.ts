import { isRecord } from "../table.ts";
import { BindError, Holder, type HolderSettings } from "./holder.ts";

/** How long the holder lets requests finish when it is told to end by a signal. */
const signalTimeoutMs = 10_000;

/** What the holder tells the process that started it, once, over IPC. */
export type StartReport =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

// The starter is our own code of the same version.
function isSettings(value: unknown): value is HolderSettings {
  return isRecord(value) && typeof value["socketPath"] === "string" && isRecord(value["timeouts"]);
}

async function start(): Promise<void> {
  const settings: unknown = JSON.parse(process.argv[2] ?? "null");
  if (!isSettings(settings)) throw new Error("the holder is started by ensureProxy only");
  const holder = new Holder(settings);
  const port = await holder.start();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => holder.stop(signalTimeoutMs));
  }
  process.on("SIGHUP", () => undefined);
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
  process.stderr.write(`holder ${process.pid}: ${message}\n`);
  await report({ kind: "failed", code, message });
  process.exit(1);
}
