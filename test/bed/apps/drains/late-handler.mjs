// Listens first: until its handler is there a signal kills.
import { setTimeout as after } from "node:timers/promises";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();
const lateMs = 2000;

async function stop() {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  await after(delayMs);
  await finish(service);
  process.exit(0);
}

service.state.ready = false;
listen(service);
await after(lateMs);
process.once("SIGTERM", stop);
service.state.ready = true;
