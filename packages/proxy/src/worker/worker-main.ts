import { readSettings } from "../process-settings.ts";
import { Worker } from "./worker.ts";

void new Worker(readSettings());

// The holder decides when a worker leaves; a signal to the group must not take requests with it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => undefined);
}
