// Loss C: gives what is in flight no time once the delay is over.
import { setTimeout as after } from "node:timers/promises";
import { delayMs, finish, listen, makeService } from "./service.mjs";

const service = makeService();
const patienceMs = 100;

process.once("SIGTERM", async () => {
  process.on("SIGTERM", () => undefined);
  service.state.ready = false;
  service.state.closing = true;
  await after(delayMs);
  setTimeout(() => process.exit(0), patienceMs);
  await finish(service);
  process.exit(0);
});

listen(service);
