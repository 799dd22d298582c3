import { isSendable, Worker } from "./worker.ts";
import { type FromWorker, isToWorker } from "./worker-protocol.ts";

let worker: Worker | null = null;

function tell(message: FromWorker, handle?: unknown, sent: () => void = () => undefined): void {
  // The holder may die at any moment; `disconnect` tells.
  if (process.connected && process.send !== undefined) {
    process.send(message, isSendable(handle) ? handle : undefined, {}, sent);
  } else {
    sent();
  }
}

process.on("message", (message: unknown, handle: unknown) => {
  if (!isToWorker(message)) return;
  if (message.kind === "begin") worker = new Worker(message, tell);
  else void worker?.handle(message, handle);
});

process.on("disconnect", () => {
  if (worker === null) process.exit(0);
  void worker.orphaned();
});

// The holder decides when a worker leaves; a signal to the group must not take requests with it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => undefined);
}

// The holder may have died while this process was still starting: then nobody says so any more.
if (!process.connected) process.exit(0);
